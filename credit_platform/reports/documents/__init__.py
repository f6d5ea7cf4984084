"""Written documents: action reports, model card, checklist, data dictionary."""
