"""What goes wrong with real loan tapes: every case as an input and the right value."""
