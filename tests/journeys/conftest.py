import pytest

from tests.journeys.walking import barriers


@pytest.fixture
def picture(page, picture):
    """As everywhere; and what is worth a picture is judged by axe-core, too."""

    def save(name, **options):
        path = picture(name, **options)
        assert barriers(page) == [], name
        return path

    return save
