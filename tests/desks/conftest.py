import pytest


@pytest.fixture(autouse=True)
def morning(db):
    from portal import clock
    from tests.factories import shanghai

    clock.move_to(shanghai(2020, 12, 28, 9), running=False)


@pytest.fixture
def chief():
    from tests.desks.pages import staff_browser

    return staff_browser("chief", display_name="审核负责人")


@pytest.fixture
def officer():
    from tests.desks.pages import staff_browser

    return staff_browser("county", area_code="460100")


@pytest.fixture
def operator():
    from tests.desks.pages import staff_browser

    return staff_browser("operator")


@pytest.fixture
def auditor():
    from tests.desks.pages import staff_browser

    return staff_browser("auditor")
