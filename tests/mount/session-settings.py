#!/usr/bin/python3
"""What a role, a database, the server or the environment set for a session changes nothing of what mount and commands
do, nor do objects that strangers put on the path, or settings that change while mounted."""
# mount: no

import json
import os
import subprocess

from case import equal, path, read, shell, write
from other import eventually

THULE, THULEFS, MNT = os.environ["THULE"], os.environ["THULEFS"], os.environ["MNT"]
DB, SOURCE, CASE_DIR = os.environ["CASE_DB"], os.environ["THULE_SOURCE"], os.environ["CASE_DIR"]
ROLE = DB.replace("-", "_").replace(".", "_").lower() + "_role"

# Text, and what the rule below would make no use of.
VALUES = {
    "DateStyle": "German, DMY", "IntervalStyle": "sql_standard", "TimeZone": "Pacific/Kiritimati",
    "application_name": "another", "client_encoding": "LATIN1", "default_tablespace": "nowhere",
    "temp_tablespaces": "nowhere", "search_path": "evil, pg_catalog, public", "timezone_abbreviations": "India",
    "lc_messages": "C", "lc_monetary": "C.UTF-8", "lc_numeric": "C.UTF-8", "lc_time": "C.UTF-8",
    "default_text_search_config": "pg_catalog.german", "backtrace_functions": "none", "dynamic_library_path": "/nowhere",
    "default_transaction_isolation": "serializable", "synchronous_commit": "off", "extra_float_digits": "-15",
    "session_replication_role": "replica", "xmlbinary": "hex", "xmloption": "document", "backslash_quote": "off",
    "restrict_nonsystem_relation_kind": "view, foreign-table", "wal_consistency_checking": "", "extension_destdir": "/nowhere",
    "default_table_access_method": "another", "force_parallel_mode": "on", "debug_parallel_query": "on",
    "client_min_messages": "error", "seed": "0.5", "temp_file_limit": "0", "stats_fetch_consistency": "snapshot",
    "bytea_output": "escape", "plan_cache_mode": "force_generic_plan", "constraint_exclusion": "on",
    "default_toast_compression": "pglz", "log_statement": "none", "log_min_messages": "panic",
    "log_min_error_statement": "panic", "event_triggers": "on",
    # Not in pg_settings until they are used
    "plpgsql.extra_errors": "all", "plpgsql.variable_conflict": "use_variable", "plpgsql.print_strict_params": "on",
    "thule.history": "off",
}
# The server itself does not let such a session begin, keeps it waiting, or is about itself alone.
LEFT_OUT = {"local_preload_libraries", "session_preload_libraries", "post_auth_delay", "max_stack_depth", "role",
    "session_authorization", "log_duration", "log_min_duration_statement", "log_min_duration_sample", "allow_system_table_mods",
    "trace_sort", "debug_print_parse", "debug_print_plan", "debug_print_rewritten", "log_parser_stats",
    "log_planner_stats", "log_executor_stats", "log_statement_stats", "track_functions", "trace_notify"}
# Limits that a superuser sets for a role, which cannot go beyond.
OF_A_SUPERUSER = {"temp_file_limit"}
SHORT = {"statement_timeout", "lock_timeout", "idle_session_timeout", "idle_in_transaction_session_timeout", "transaction_timeout"}

ENVIRONMENT = {"PGOPTIONS": "-c standard_conforming_strings=off -c default_transaction_read_only=on -c statement_timeout=10ms"
    " -c search_path=evil,pg_catalog -c enable_indexscan=off -c row_security=on -c thule.history=off -c idle_session_timeout=300ms",
    "PGDATESTYLE": "SQL, DMY", "PGCLIENTENCODING": "LATIN1", "PGGEQO": "off"}


def admin(*commands, db=DB):
    done = subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", db, "-f", "-"], capture_output=True, text=True,
        input="set search_path = pg_catalog; set standard_conforming_strings = on; set statement_timeout = 0;\n" + ";\n".join(commands),
        env=dict(os.environ, PGOPTIONS="-c exit_on_error=off -c statement_timeout=0 -c default_transaction_read_only=off"
            " -c idle_session_timeout=0 -c client_encoding=UTF8"), check=False)
    equal(0, done.returncode, f"psql said {done.stderr} for {commands}")
    return done.stdout.strip()


def quote(value):
    return "'" + value.replace("'", "''") + "'"


def hostile():
    """Every setting that a role or a database may have, with a value that it has nowhere."""
    rows = json.loads(admin("""select json_agg(s) from pg_settings s
        where context in ('user', 'superuser')"""))
    settings = {}
    for row in rows:
        name = row["name"]
        if name in LEFT_OUT or name.startswith("transaction_"):
            continue
        if name in VALUES:
            value = VALUES[name]
        elif row["vartype"] == "bool":
            value = "off" if row["boot_val"] == "on" else "on"
        elif name in SHORT:
            value = "1"
        elif row["vartype"] in ("integer", "real"):
            value = row["min_val"]
        elif row["vartype"] == "enum":
            value = next(v for v in reversed(row["enumvals"]) if v != row["boot_val"])
        else:
            raise AssertionError(f"setting {name} is new: say what a hostile value is")
        settings[name] = value
    settings.update({name: VALUES[name] for name in VALUES if "." in name})
    return settings


def give(whom, values):
    """Paths are lists, the only values that are not one string."""
    admin(*(f"alter {whom} set {name} = {value if name == 'search_path' else quote(value)}" for name, value in values.items()))


def thule(*arguments, env=None, status=0):
    done = subprocess.run([THULE, *arguments], capture_output=True, text=True, check=False, env=dict(os.environ, **(env or {})))
    equal(status, done.returncode, f"exit status of thule {arguments}: {done.stderr}")
    return done.stdout


def sync():
    fd = os.open(MNT, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def go_round(what):
    """All that people do, once."""
    os.makedirs(path("dir"), exist_ok=True)
    write("dir/back\\slash", b"one")
    sync()
    then = json.loads(thule("log", "--json", "-n", "1"))[0]
    write("dir/back\\slash", b"two!")
    write("dir/new", os.urandom(300000))
    os.setxattr(path("dir/new"), "user.x", b"\xff\x00\\")
    sync()
    for instant in (f"op:{then['op']}", then["at"]):
        equal(b"one", read(f".thule/at/{instant}/dir/back\\slash"), f"{what}: the past as of {instant}")
        equal("one", thule("cat", path("dir/back\\slash"), "--at", instant), f"{what}: cat as of {instant}")
        equal(["back\\slash"], os.listdir(path(f".thule/at/{instant}/dir")), f"{what}: names as of {instant}")
    for instant in ("2099-01-02", "nonsense", "\\x"):
        equal(False, os.path.exists(path(f".thule/at/{instant}")), f"{what}: {instant}")
    equal(True, "dir/back" in thule("log"), f"{what}: log")
    equal(True, "/dir/new" in thule("diff", f"op:{then['op']}", "now"), f"{what}: diff")
    equal(True, "300000" in thule("blame", path("dir/new")), f"{what}: blame")
    thule("snapshot", "create", "name")
    thule("undo", "--since", f"op:{then['op'] + 1}", "--yes", path("dir"))
    equal(b"one", read("dir/back\\slash"), f"{what}: undone")
    equal(["back\\slash"], os.listdir(path("dir")), f"{what}: undone names")
    thule("restore", path("dir"), "--at", "name")
    equal(b"two!", read("dir/back\\slash"), f"{what}: restored")
    thule("snapshot", "delete", "name")
    thule("fsck")
    thule("prune", "--keep", "0s")
    thule("status", MNT)
    for name in os.listdir(path("dir")):
        os.unlink(path("dir", name))
    os.rmdir(path("dir"))


def mount(source):
    os.environ.update(THULE_DB=source, THULE_SOURCE=source)
    shell("mount_fs")


def umount():
    shell("umount_fs")


def not_run(what):
    equal("0", admin("select count(*) from evil.victim"), f"{what}: what a stranger's objects were run as")


# What a stranger may put where the path leads first: the catalog's own names, and better matches than them.
TRAPS = """do $do$ declare f text; begin
    foreach f in array array['now() returns timestamptz', 'format(text, text, timestamptz) returns text',
        'format(text, text) returns text', 'encode(bytea, text) returns text', 'quote_literal(text) returns text',
        'jsonb_build_object(text, text) returns jsonb', 'concat(text, text) returns text',
        'set_config(text, text, boolean) returns text', 'current_setting(text, boolean) returns text',
        'pg_backend_pid() returns int', 'pg_try_advisory_lock(int, int) returns boolean'] loop
        execute format('create function evil.%s language sql as $f$insert into evil.victim values (current_user);
            select null::%s$f$', f, substring(f from 'returns (.*)'));
    end loop; end $do$"""

settings = hostile()
equal(True, len(settings) > 150, f"settings: {len(settings)}")
database = f'database "{DB}"'
role = f"role {ROLE} in {database}"
role_source = SOURCE.replace("//" + os.environ["PGUSER"] + "@", "//" + ROLE + "@")
equal(False, role_source == SOURCE, "the role's source")
try:
    admin(f"create role {ROLE} login", f"alter {database} owner to {ROLE}", "create schema evil",
        "create table evil.victim (who text)", "grant usage on schema evil to public", "grant insert on evil.victim to public", TRAPS,
        "create function evil.same(text, text) returns boolean language sql as"
        " $$insert into evil.victim values (current_user); select true$$",
        "create operator evil.= (leftarg = text, rightarg = text, function = evil.same)",
        "create operator evil.~ (leftarg = text, rightarg = text, function = evil.same)")

    # A database that has all of them from the start, seen by a superuser, who installs and mounts.
    give(database, settings)
    mount(SOURCE)
    go_round("a database's settings")
    not_run("a database's settings")
    umount()
    admin(f"alter {database} reset all", "drop schema thule, thule_internal, osquery cascade")

    # A role that has all of them, and is no superuser.
    give(role, {name: value for name, value in settings.items() if name not in OF_A_SUPERUSER})
    mount(role_source)
    go_round("a role's settings")
    # While mounted: what is there goes on, and so does what connects anew. Each alone: together, the first to end a
    # session hides the others.
    admin(f"alter {role} reset all")
    for name in sorted(SHORT & settings.keys()) + ["default_transaction_read_only", "standard_conforming_strings", "search_path"]:
        give(role, {name: settings[name]})
        admin(f"select count(pg_terminate_backend(pid)) from pg_stat_activity where usename = '{ROLE}'")
        go_round(f"{name} while mounted")
        admin(f"alter {role} reset {name}")
    not_run("a role's settings")
    umount()

    # The environment.
    os.environ.update(ENVIRONMENT)
    mount(SOURCE)
    go_round("the environment")
    umount()
    for name in ENVIRONMENT:
        del os.environ[name]

    # A configuration that is loaded anew reaches sessions that are there. The private server is ours alone.
    mount("private")
    for name, value in (("default_transaction_read_only", "on"), ("idle_session_timeout", "'300ms'"), ("statement_timeout", "'10ms'")):
        thule("sql", "-c", f"alter system set {name} = {value}")
    thule("sql", "-c", "select pg_reload_conf()")
    go_round("a configuration loaded anew")
    umount()
finally:
    for name in ENVIRONMENT:
        os.environ.pop(name, None)
    if os.path.ismount(MNT):
        umount()
    os.environ.update(THULE_DB=SOURCE, THULE_SOURCE=SOURCE)
    admin(f"alter {database} reset all", f"reassign owned by {ROLE} to current_user", f"drop owned by {ROLE}", f"drop role {ROLE}")
