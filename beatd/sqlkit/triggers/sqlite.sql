-- INSERT OR REPLACE deletes without a word; what was there is kept before it happens.
CREATE TRIGGER beatd_schedules_was BEFORE INSERT ON beatd_schedules BEGIN
  INSERT INTO beatd_changes (kind, namespace, name, op, generation, changed_at, former_changed_at, former)
  SELECT 'schedule', o.namespace, o.name, 'was', o.generation, coalesce({us o.changed_at}, 0), {us o.changed_at},
    json_object({former o})
  FROM beatd_schedules o WHERE o.namespace = NEW.namespace AND o.name = NEW.name;
END
--
-- So does UPDATE OR REPLACE.
CREATE TRIGGER beatd_schedules_was_there BEFORE UPDATE ON beatd_schedules
WHEN NEW.namespace <> OLD.namespace OR NEW.name <> OLD.name BEGIN
  INSERT INTO beatd_changes (kind, namespace, name, op, generation, changed_at, former_changed_at, former)
  SELECT 'schedule', o.namespace, o.name, 'was', o.generation, coalesce({us o.changed_at}, 0), {us o.changed_at},
    json_object({former o})
  FROM beatd_schedules o WHERE o.namespace = NEW.namespace AND o.name = NEW.name;
END
--
CREATE TRIGGER beatd_schedules_insert AFTER INSERT ON beatd_schedules BEGIN
  INSERT INTO beatd_changes (kind, namespace, name, op, generation, changed_at)
  SELECT 'schedule', NEW.namespace, NEW.name, 'insert',
    CASE WHEN (SELECT l.op {last l}) = 'was' THEN coalesce(max(c.generation), {now})
    ELSE max(CASE WHEN NEW.generation BETWEEN 1 AND 9000000000000000 THEN NEW.generation ELSE {now} END,
      coalesce(max(c.generation) + 1, 0)) END,
    max({now}, coalesce(max(c.changed_at) + 1, 0))
  FROM beatd_changes c WHERE c.kind = 'schedule' AND c.namespace = NEW.namespace AND c.name = NEW.name;
  UPDATE beatd_schedules SET (generation, changed_at) = (SELECT l.generation, {text l.changed_at} {last l})
  WHERE namespace = NEW.namespace AND name = NEW.name;
END
--
-- Not for what beatd itself writes back, and not for the stamp that these triggers set themselves.
CREATE TRIGGER beatd_schedules_update AFTER UPDATE ON beatd_schedules
WHEN NEW.namespace = OLD.namespace AND NEW.name = OLD.name AND (
  ({columns OLD}) IS NOT ({columns NEW})
  OR ((OLD.generation, OLD.changed_at) IS NOT (NEW.generation, NEW.changed_at)
    AND (NEW.generation, NEW.changed_at) IS NOT (SELECT l.generation, {text l.changed_at} {last l})))
BEGIN
  INSERT INTO beatd_changes (kind, namespace, name, op, generation, changed_at, former_changed_at, former)
  VALUES ('schedule', OLD.namespace, OLD.name, 'update', coalesce(OLD.generation, {now}),
    max({after OLD.changed_at}, {floor NEW.changed_at}), {us OLD.changed_at}, json_object({former OLD}));
  UPDATE beatd_schedules SET (generation, changed_at) = (SELECT l.generation, {text l.changed_at} {last l})
  WHERE namespace = NEW.namespace AND name = NEW.name;
END
--
-- A new name is a new life.
CREATE TRIGGER beatd_schedules_rename AFTER UPDATE ON beatd_schedules
WHEN NEW.namespace <> OLD.namespace OR NEW.name <> OLD.name BEGIN
  INSERT INTO beatd_changes (kind, namespace, name, op, generation, changed_at, former_changed_at, former)
  VALUES ('schedule', OLD.namespace, OLD.name, 'delete', OLD.generation, {after OLD.changed_at},
    {us OLD.changed_at}, json_object({former OLD}));
  -- What had the name, and was replaced.
  INSERT INTO beatd_changes (kind, namespace, name, op, generation, changed_at, former_changed_at, former)
  SELECT 'schedule', w.namespace, w.name, 'delete', w.generation, max(w.changed_at + 1, {now}),
    w.former_changed_at, w.former
  FROM (SELECT l.* {last l}) w WHERE w.op = 'was';
  INSERT INTO beatd_changes (kind, namespace, name, op, generation, changed_at)
  SELECT 'schedule', NEW.namespace, NEW.name, 'insert', max({now}, coalesce(max(c.generation) + 1, 0)),
    max({now}, coalesce(max(c.changed_at) + 1, 0))
  FROM beatd_changes c WHERE c.kind = 'schedule' AND c.namespace = NEW.namespace AND c.name = NEW.name;
  UPDATE beatd_schedules SET (generation, changed_at) = (SELECT l.generation, {text l.changed_at} {last l})
  WHERE namespace = NEW.namespace AND name = NEW.name;
END
--
CREATE TRIGGER beatd_schedules_delete AFTER DELETE ON beatd_schedules BEGIN
  INSERT INTO beatd_changes (kind, namespace, name, op, generation, changed_at, former_changed_at, former)
  VALUES ('schedule', OLD.namespace, OLD.name, 'delete', OLD.generation, {after OLD.changed_at},
    {us OLD.changed_at}, json_object({former OLD}));
END
--
CREATE TRIGGER beatd_calendars_was BEFORE INSERT ON beatd_calendars BEGIN
  INSERT INTO beatd_changes (kind, namespace, name, op, changed_at, former_changed_at, former)
  SELECT 'calendar', o.namespace, o.name, 'was', coalesce({us o.changed_at}, 0), {us o.changed_at},
    json_object({calendar o})
  FROM beatd_calendars o WHERE o.namespace = NEW.namespace AND o.name = NEW.name;
END
--
CREATE TRIGGER beatd_calendars_was_there BEFORE UPDATE ON beatd_calendars
WHEN NEW.namespace <> OLD.namespace OR NEW.name <> OLD.name BEGIN
  INSERT INTO beatd_changes (kind, namespace, name, op, changed_at, former_changed_at, former)
  SELECT 'calendar', o.namespace, o.name, 'was', coalesce({us o.changed_at}, 0), {us o.changed_at},
    json_object({calendar o})
  FROM beatd_calendars o WHERE o.namespace = NEW.namespace AND o.name = NEW.name;
END
--
CREATE TRIGGER beatd_calendars_insert AFTER INSERT ON beatd_calendars BEGIN
  INSERT INTO beatd_changes (kind, namespace, name, op, changed_at)
  SELECT 'calendar', NEW.namespace, NEW.name, 'insert', max({now}, coalesce(max(c.changed_at) + 1, 0))
  FROM beatd_changes c WHERE c.kind = 'calendar' AND c.namespace = NEW.namespace AND c.name = NEW.name;
  UPDATE beatd_calendars SET changed_at = (SELECT {text k.changed_at} {newest k})
  WHERE namespace = NEW.namespace AND name = NEW.name;
END
--
CREATE TRIGGER beatd_calendars_update AFTER UPDATE ON beatd_calendars
WHEN NEW.namespace = OLD.namespace AND NEW.name = OLD.name AND (
  (OLD.country, OLD.region, OLD.closed, OLD.dates, OLD.open, OLD.description)
    IS NOT (NEW.country, NEW.region, NEW.closed, NEW.dates, NEW.open, NEW.description)
  OR (OLD.changed_at IS NOT NEW.changed_at AND NEW.changed_at IS NOT (SELECT {text k.changed_at} {newest k})))
BEGIN
  INSERT INTO beatd_changes (kind, namespace, name, op, changed_at, former_changed_at, former)
  VALUES ('calendar', OLD.namespace, OLD.name, 'update',
    max({after OLD.changed_at}, {floor NEW.changed_at}), {us OLD.changed_at}, json_object({calendar OLD}));
  UPDATE beatd_calendars SET changed_at = (SELECT {text k.changed_at} {newest k})
  WHERE namespace = NEW.namespace AND name = NEW.name;
END
--
CREATE TRIGGER beatd_calendars_rename AFTER UPDATE ON beatd_calendars
WHEN NEW.namespace <> OLD.namespace OR NEW.name <> OLD.name BEGIN
  INSERT INTO beatd_changes (kind, namespace, name, op, changed_at, former_changed_at, former)
  VALUES ('calendar', OLD.namespace, OLD.name, 'delete', {after OLD.changed_at}, {us OLD.changed_at},
    json_object({calendar OLD}));
  INSERT INTO beatd_changes (kind, namespace, name, op, changed_at)
  SELECT 'calendar', NEW.namespace, NEW.name, 'insert', max({now}, coalesce(max(c.changed_at) + 1, 0))
  FROM beatd_changes c WHERE c.kind = 'calendar' AND c.namespace = NEW.namespace AND c.name = NEW.name;
  UPDATE beatd_calendars SET changed_at = (SELECT {text k.changed_at} {newest k})
  WHERE namespace = NEW.namespace AND name = NEW.name;
END
--
CREATE TRIGGER beatd_calendars_delete AFTER DELETE ON beatd_calendars BEGIN
  INSERT INTO beatd_changes (kind, namespace, name, op, changed_at, former_changed_at, former)
  VALUES ('calendar', OLD.namespace, OLD.name, 'delete', {after OLD.changed_at}, {us OLD.changed_at},
    json_object({calendar OLD}));
END
