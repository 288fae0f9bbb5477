-- NULL for what is no moment of an edit: the type has infinities, and years that no bigint counts to.
CREATE FUNCTION beatd_us(moment timestamptz) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN moment > 'epoch' AND moment < '9000-01-01Z' THEN (extract(epoch FROM moment) * 1000000)::bigint END
$$
--
CREATE FUNCTION beatd_moment(us bigint) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT 'epoch'::timestamptz + us * interval '1 microsecond'
$$
--
-- The moment after a former one: now, or what the client asked for if that is later; nonsense of either is left out.
CREATE FUNCTION beatd_next(former timestamptz, instant timestamptz, given timestamptz) RETURNS timestamptz
LANGUAGE sql STABLE AS $$
  SELECT greatest(CASE WHEN former < '9000-01-01Z' THEN former + interval '1 microsecond' END, instant,
    CASE WHEN given < '9000-01-01Z' THEN given END)
$$
--
CREATE FUNCTION beatd_former(o beatd_schedules) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT jsonb_strip_nulls(jsonb_build_object({former o}))::text
$$
--
-- With the rights of whoever made them: the log is no table of those who edit.
CREATE FUNCTION beatd_schedules_stamp() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
DECLARE
  instant timestamptz := clock_timestamp();
  logged bigint;
  lived bigint;
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF NEW.namespace = OLD.namespace AND NEW.name = OLD.name THEN
      NEW.generation := coalesce(OLD.generation, beatd_us(instant));
      NEW.changed_at := beatd_next(OLD.changed_at, instant, NEW.changed_at);
      RETURN NEW;
    END IF;
    -- A new name is a new life.
    NEW.generation := NULL;
  ELSIF NEW.generation NOT BETWEEN 1 AND 9000000000000000 THEN
    NEW.generation := NULL;
  END IF;
  SELECT max(changed_at), max(generation) INTO logged, lived FROM beatd_changes
    WHERE kind = 'schedule' AND namespace = NEW.namespace AND name = NEW.name;
  -- One more is left free: the end of the former life, where one statement ends it and begins this one.
  NEW.changed_at := greatest(instant, beatd_moment(logged + 2));
  NEW.generation := greatest(coalesce(NEW.generation, beatd_us(instant)), lived + 1);
  RETURN NEW;
END
$$
--
-- A plan is kept for the session: one that loops, made for one row, would take hours for a hundred thousand.
CREATE FUNCTION beatd_schedules_log() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, pg_temp SET enable_nestloop = off AS $$
DECLARE
  instant timestamptz := clock_timestamp();
  logged bigint := 0;
  more bigint := 0;
  early record;
BEGIN
  IF TG_OP = 'DELETE' THEN
    INSERT INTO beatd_changes (kind, namespace, name, op, generation, changed_at, former_changed_at, former)
    SELECT 'schedule', o.namespace, o.name, 'delete', o.generation,
      coalesce((SELECT beatd_us(s.changed_at) - 1 FROM beatd_schedules s
                WHERE s.namespace = o.namespace AND s.name = o.name),
        beatd_us(beatd_next(o.changed_at, instant, NULL))),
      beatd_us(o.changed_at), beatd_former(o)
    FROM gone o;
    GET DIAGNOSTICS logged = ROW_COUNT;
  ELSIF TG_OP = 'UPDATE' THEN
    -- Another generation under the same name: that row got it from a third one in the same statement.
    INSERT INTO beatd_changes (kind, namespace, name, op, generation, changed_at, former_changed_at, former)
    SELECT 'schedule', o.namespace, o.name, CASE WHEN n.name IS NULL THEN 'delete' ELSE 'update' END,
      coalesce(n.generation, o.generation),
      coalesce(beatd_us(n.changed_at),
        (SELECT beatd_us(s.changed_at) - 1 FROM beatd_schedules s
         WHERE s.namespace = o.namespace AND s.name = o.name),
        beatd_us(beatd_next(o.changed_at, instant, NULL))),
      beatd_us(o.changed_at), beatd_former(o)
    FROM gone o LEFT JOIN come n ON n.namespace = o.namespace AND n.name = o.name
      AND n.generation IS NOT DISTINCT FROM coalesce(o.generation, n.generation)
    WHERE n.name IS NULL OR n.changed_at IS DISTINCT FROM o.changed_at;
    GET DIAGNOSTICS logged = ROW_COUNT;
  END IF;
  IF TG_OP = 'INSERT' THEN
    INSERT INTO beatd_changes (kind, namespace, name, op, generation, changed_at)
    SELECT 'schedule', n.namespace, n.name, 'insert', n.generation, beatd_us(n.changed_at) FROM come n;
    GET DIAGNOSTICS more = ROW_COUNT;
  ELSIF TG_OP = 'UPDATE' AND logged > 0 THEN
    INSERT INTO beatd_changes (kind, namespace, name, op, generation, changed_at)
    SELECT 'schedule', n.namespace, n.name, 'insert', n.generation, beatd_us(n.changed_at)
    FROM come n LEFT JOIN gone o ON n.namespace = o.namespace AND n.name = o.name
      AND n.generation IS NOT DISTINCT FROM coalesce(o.generation, n.generation)
    WHERE o.name IS NULL;
    GET DIAGNOSTICS more = ROW_COUNT;
  END IF;
  IF more > 0 THEN
    -- Whoever waited for the end of another's transaction has read the log before that was in it.
    FOR early IN
      SELECT * FROM (
        SELECT n.namespace, n.name, (
          SELECT max(c.changed_at) FROM beatd_changes c
          WHERE c.kind = 'schedule' AND c.namespace = n.namespace AND c.name = n.name
            AND c.changed_at >= beatd_us(n.changed_at) AND c.txid <> txid_current()) AS logged
        FROM come n OFFSET 0) e
      WHERE e.logged IS NOT NULL
    LOOP
      UPDATE beatd_schedules SET changed_at = beatd_moment(early.logged + 1)
        WHERE namespace = early.namespace AND name = early.name;
    END LOOP;
  END IF;
  IF logged + more > 0 THEN
    PERFORM pg_notify('beatd_schedules', '');
  END IF;
  RETURN NULL;
END
$$
--
CREATE FUNCTION beatd_schedules_empty() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
BEGIN
  INSERT INTO beatd_changes (kind, namespace, name, op, generation, changed_at, former_changed_at, former)
  SELECT 'schedule', o.namespace, o.name, 'delete', o.generation,
    beatd_us(beatd_next(o.changed_at, clock_timestamp(), NULL)), beatd_us(o.changed_at), beatd_former(o)
  FROM beatd_schedules o;
  PERFORM pg_notify('beatd_schedules', '');
  RETURN NULL;
END
$$
--
CREATE TRIGGER beatd_schedules_stamp_insert BEFORE INSERT ON beatd_schedules
  FOR EACH ROW EXECUTE FUNCTION beatd_schedules_stamp()
--
-- Not for what beatd itself writes back.
CREATE TRIGGER beatd_schedules_stamp_update BEFORE UPDATE ON beatd_schedules FOR EACH ROW WHEN (
  (OLD.namespace, OLD.name, {columns OLD}, OLD.generation, OLD.changed_at)
  IS DISTINCT FROM (NEW.namespace, NEW.name, {columns NEW}, NEW.generation, NEW.changed_at))
  EXECUTE FUNCTION beatd_schedules_stamp()
--
CREATE TRIGGER beatd_schedules_log_insert AFTER INSERT ON beatd_schedules
  REFERENCING NEW TABLE AS come FOR EACH STATEMENT EXECUTE FUNCTION beatd_schedules_log()
--
CREATE TRIGGER beatd_schedules_log_update AFTER UPDATE ON beatd_schedules
  REFERENCING OLD TABLE AS gone NEW TABLE AS come FOR EACH STATEMENT EXECUTE FUNCTION beatd_schedules_log()
--
CREATE TRIGGER beatd_schedules_log_delete AFTER DELETE ON beatd_schedules
  REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION beatd_schedules_log()
--
CREATE TRIGGER beatd_schedules_log_truncate BEFORE TRUNCATE ON beatd_schedules
  FOR EACH STATEMENT EXECUTE FUNCTION beatd_schedules_empty()
--
CREATE FUNCTION beatd_calendar_former(o beatd_calendars) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT jsonb_strip_nulls(jsonb_build_object('country', o.country, 'region', o.region, 'closed', o.closed::text,
    'dates', o.dates::text, 'open', o.open::text, 'description', o.description))::text
$$
--
CREATE FUNCTION beatd_calendars_stamp() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
DECLARE
  instant timestamptz := clock_timestamp();
  logged bigint;
BEGIN
  IF TG_OP = 'UPDATE' AND NEW.namespace = OLD.namespace AND NEW.name = OLD.name THEN
    NEW.changed_at := beatd_next(OLD.changed_at, instant, NEW.changed_at);
    RETURN NEW;
  END IF;
  SELECT max(changed_at) INTO logged FROM beatd_changes
    WHERE kind = 'calendar' AND namespace = NEW.namespace AND name = NEW.name;
  NEW.changed_at := greatest(instant, beatd_moment(logged + 2));
  RETURN NEW;
END
$$
--
CREATE FUNCTION beatd_calendars_log() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND NEW.namespace = OLD.namespace AND NEW.name = OLD.name THEN
    INSERT INTO beatd_changes (kind, namespace, name, op, changed_at, former_changed_at, former)
    VALUES ('calendar', OLD.namespace, OLD.name, 'update', beatd_us(NEW.changed_at), beatd_us(OLD.changed_at),
      beatd_calendar_former(OLD));
  ELSE
    IF TG_OP <> 'INSERT' THEN
      INSERT INTO beatd_changes (kind, namespace, name, op, changed_at, former_changed_at, former)
      VALUES ('calendar', OLD.namespace, OLD.name, 'delete',
        coalesce((SELECT beatd_us(s.changed_at) - 1 FROM beatd_calendars s
                  WHERE s.namespace = OLD.namespace AND s.name = OLD.name),
          beatd_us(beatd_next(OLD.changed_at, clock_timestamp(), NULL))),
        beatd_us(OLD.changed_at), beatd_calendar_former(OLD));
    END IF;
    IF TG_OP <> 'DELETE' THEN
      INSERT INTO beatd_changes (kind, namespace, name, op, changed_at)
      VALUES ('calendar', NEW.namespace, NEW.name, 'insert', beatd_us(NEW.changed_at));
    END IF;
  END IF;
  PERFORM pg_notify('beatd_schedules', '');
  RETURN NULL;
END
$$
--
CREATE FUNCTION beatd_calendars_empty() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
BEGIN
  INSERT INTO beatd_changes (kind, namespace, name, op, changed_at, former_changed_at, former)
  SELECT 'calendar', o.namespace, o.name, 'delete', beatd_us(beatd_next(o.changed_at, clock_timestamp(), NULL)),
    beatd_us(o.changed_at), beatd_calendar_former(o)
  FROM beatd_calendars o;
  PERFORM pg_notify('beatd_schedules', '');
  RETURN NULL;
END
$$
--
CREATE TRIGGER beatd_calendars_stamp_insert BEFORE INSERT ON beatd_calendars
  FOR EACH ROW EXECUTE FUNCTION beatd_calendars_stamp()
--
CREATE TRIGGER beatd_calendars_stamp_update BEFORE UPDATE ON beatd_calendars
  FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION beatd_calendars_stamp()
--
CREATE TRIGGER beatd_calendars_log_update AFTER UPDATE ON beatd_calendars
  FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION beatd_calendars_log()
--
CREATE TRIGGER beatd_calendars_log AFTER INSERT OR DELETE ON beatd_calendars
  FOR EACH ROW EXECUTE FUNCTION beatd_calendars_log()
--
CREATE TRIGGER beatd_calendars_log_truncate BEFORE TRUNCATE ON beatd_calendars
  FOR EACH STATEMENT EXECUTE FUNCTION beatd_calendars_empty()
