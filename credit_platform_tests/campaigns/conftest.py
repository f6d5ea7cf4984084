"""The book of the campaigns and its undisturbed life, each made once."""

from __future__ import annotations

import pytest

from credit_platform_tests.campaigns.book_under_attack import AttackedBook, make_attacked_book


@pytest.fixture(scope="session")
def attacked_book(tmp_path_factory: pytest.TempPathFactory) -> AttackedBook:
    return make_attacked_book(tmp_path_factory.mktemp("campaign"))
