"""The entries of a Celery project's ``beat_schedule``, as the project's reader gives them, to be kept elsewhere."""

from beatd.app.importing.imported import Found, Imported, LeftOut
from beatd.app.importing.toml_fields import toml_fields
from beatd.stores.celery import Reading

_INTERVALS = "intervals count from 1970-01-01 UTC, not from the start or the last run, so that they keep to the clock"


def read_beat_schedule(reading: Reading) -> Found:
    """Return an entry for each of the project's; those that cannot be one are left out with the reason."""
    found = Found(notes=[note.text for note in reading.notes if note.entry is None])
    said: dict[str, list[str]] = {}
    for note in reading.notes:
        if note.entry is not None:
            said.setdefault(note.entry, []).append(note.text)
    for draft in reading.drafts:
        if draft.entry is None:
            reason = (draft.error or "cannot be read").removeprefix(f"{draft.place}: ")
            found.left_out.append(LeftOut(place=draft.place, what=draft.name, reason=reason, wrong=True))
            continue
        fields = toml_fields(draft.entry)
        found.add(Imported(name=draft.name, place=draft.place, fields=fields, notes=said.get(draft.name, ())))
    if any(str(entry.fields["schedule"]).startswith("every ") for entry in found.entries):
        found.notes.append(_INTERVALS)
    return found
