"""The catalogues: what is extracted, kept, set and found missing."""

import io
import json

import polib
import pytest
from django.core.management import CommandError, call_command

SOURCES = {
    "portal/a.py": """
from django.utils.translation import gettext_lazy as _, ngettext, pgettext
X = _("Hello " "%(name)s")
Y = ngettext("one day", "%(n)d days", 3)
# Translators: the fifth month
Z = pgettext("month", "May")
""",
    "portal/migrations/0001.py": '_("never extracted")',
    "education/b.py": '_("Hours")',
    "templates/worker/home.html": """
<p>it's</p>
    {% trans "Papers" %} {{ _("Photo") }}
  {% blocktrans trimmed count n=x %}
     {{ n }} hour{% plural %}{{ n }} hours
  {% endblocktrans %}
""",
    "templates/review/queue.html": '{% translate "Queue" %}',
    "templates/components/strip.html": '{% translate "Time" %}',
}


@pytest.fixture
def project(tmp_path, settings):
    settings.BASE_DIR = tmp_path
    for name, text in SOURCES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def _run(*arguments):
    out = io.StringIO()
    call_command("messages", *arguments, stdout=out)
    return out.getvalue()


def _catalogue(project, room):
    return polib.pofile(str(project / room / "locale/zh_Hans/LC_MESSAGES/django.po"))


def _set(project, translations):
    path = project / "translations.json"
    path.write_text(json.dumps(translations))
    return _run("--set", str(path))


def test_each_room_gets_the_messages_of_its_code_and_pages(project):
    _run()
    found = {
        room: {entry.msgid for entry in _catalogue(project, room)}
        for room in ("portal", "education", "certificates")
    }
    assert found == {
        "portal": {"Hello %(name)s", "one day", "May", "Time"},
        "education": {"Hours", "Queue"},
        "certificates": {"Papers", "Photo", "%(n)s hour"},
    }


def test_translations_survive_and_the_unused_go(project):
    _run()
    _set(project, {"Hours": "学时", "month\x04May": "五月", "%(n)s hour": "%(n)s 学时"})
    (project / "education/b.py").write_text('_("Hours"); _("Rows")')
    _run()
    assert {entry.msgid: entry.msgstr for entry in _catalogue(project, "education")} == {
        "Hours": "学时",
        "Queue": "",
        "Rows": "",
    }
    assert next(
        entry for entry in _catalogue(project, "certificates") if entry.msgid_plural
    ).msgstr_plural == {0: "%(n)s 学时"}
    (project / "education/b.py").write_text("")
    _run()
    assert {entry.msgid for entry in _catalogue(project, "education")} == {"Queue"}


def test_running_it_again_writes_nothing(project):
    _run()
    before = {path: path.stat().st_mtime_ns for path in project.rglob("django.*o")}
    _run()
    assert {path: path.stat().st_mtime_ns for path in project.rglob("django.*o")} == before
    assert len(before) == 8


def test_a_translation_of_no_message_is_refused_and_the_others_are_kept(project):
    with pytest.raises(CommandError, match="'Nothing'"):
        _set(project, {"Nothing": "无", "Hours": "学时"})
    assert next(iter(_catalogue(project, "education"))).msgstr == "学时"


@pytest.mark.parametrize(
    ("break_it", "complaint"),
    [
        (lambda project: None, ""),
        (
            lambda project: (project / "education/b.py").write_text('_("Hours"); _("Rows")'),
            "'Rows' is not in the catalogue",
        ),
        (lambda project: (project / "education/b.py").write_text(""), "'Hours' is no longer used"),
        (lambda project: _set(project, {"Hello %(name)s": "你好 %(nam)s"}), "differ in nam, name"),
        (lambda project: _set(project, {"Hours": ""}), "'Hours' has no translation"),
        (
            lambda project: (project / "portal/locale/zh_Hans/LC_MESSAGES/django.mo").unlink(),
            "older than django.po",
        ),
    ],
    ids=["nothing", "missing", "unused", "placeholder", "untranslated", "not compiled"],
)
def test_the_check_names_what_is_wrong(project, break_it, complaint):
    _run()
    _set(
        project,
        {
            "Hello %(name)s": "%(name)s 您好",
            "one day": "%(n)d 天",
            "month\x04May": "五月",
            "Hours": "学时",
            "Papers": "证书",
            "Photo": "照片",
            "%(n)s hour": "%(n)s 学时",
            "Queue": "待办",
            "Time": "时间",
        },
    )
    break_it(project)
    if not complaint:
        assert "Every message is translated" in _run("--check")
    else:
        with pytest.raises(CommandError, match=complaint.replace("'", ".")):
            _run("--check")
