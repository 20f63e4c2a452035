#!/usr/bin/env bash
# What `cmake --install` puts into a system: systemd takes the units, and those that it makes of fstab wait for the server
# without a circle; the helpers lead to the programs; each command has its page, with all of its options; `uninstall` takes away all of it and nothing else.
# mount: no
# lock: install
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"
need cmake man systemd-analyze systemd-escape
generator=/usr/lib/systemd/system-generators/systemd-fstab-generator
[[ -x $generator ]] || skip "there is no $generator"
build=$(dirname "$(dirname "$THULE")")
manifest=$build/install_manifest.txt

# What somebody has installed from this folder is theirs to uninstall.
[[ ! -e $manifest ]] || cp "$manifest" "$CASE_DIR/manifest"
# shellcheck disable=SC2317 # called by trap
restore_manifest() {
	rm -f "$manifest"
	[[ ! -e $CASE_DIR/manifest ]] || cp "$CASE_DIR/manifest" "$manifest"
}
trap restore_manifest EXIT

export DESTDIR=$CASE_DIR/root
mkdir -p "$DESTDIR/sbin" "$DESTDIR/usr/lib/systemd/system"
touch "$DESTDIR/sbin/other" "$DESTDIR/usr/lib/systemd/system/other.service"
before=$(cd "$DESTDIR" && find . ! -type d | sort)
cmake --install "$build" --prefix /usr >"$CASE_DIR/install.log" || fail "$(<"$CASE_DIR/install.log")"
assert_eq "/usr/bin/thulefs /usr/bin/thule" \
	"$(readlink "$DESTDIR/sbin/mount.fuse.thulefs") $(readlink "$DESTDIR/sbin/umount.fuse.thulefs")" "the helpers"
if grep -rE '@[A-Z]+@' "$DESTDIR/usr/lib/systemd"; then
	fail "a unit has a name that nobody replaced"
fi

# The manual is in form, and says what the programs say.
export MANPATH=$DESTDIR/usr/share/man MANWIDTH=120
page() { # NAME COMMAND...
	local option
	man -w "$1" >/dev/null || fail "there is no page $1"
	assert_eq "" "$(man --warnings -l "$(man -w "$1")" 2>&1 >/dev/null)" "warnings about $1"
	man "$1" | col -b | sed 's/^ *//' >"$CASE_DIR/page"
	"${@:2}" --help | awk '/^  +-/ || (/^        [a-z]/ && NR > 8) {sub(/^ +/, ""); sub(/  .*/, ""); print}' >"$CASE_DIR/options"
	[[ $(wc -l <"$CASE_DIR/options") -gt 0 ]] || fail "$1 has no options"
	while read -r option; do
		awk -v option="$option" 'index($0, option " ") == 1 || $0 == option {found = 1} END {exit !found}' "$CASE_DIR/page" ||
			fail "the page $1 lacks $option: $(<"$CASE_DIR/page")"
	done <"$CASE_DIR/options"
}
commands=$("$THULE" --help | sed -nE 's/^  ([a-z]+)  .*/\1/p')
for command in $commands; do
	[[ $command == sql ]] || page "thule-$command" "$THULE" "$command"
done
page thulefs "$THULEFS"
for name in thule thule-sql mount.fuse.thulefs umount.fuse.thulefs thulefs-sql thulefs-recovery; do
	man -w "$name" >/dev/null || fail "there is no page $name"
	assert_eq "" "$(cd "$MANPATH" && man --warnings -l "$(man -w "$name")" 2>&1 >/dev/null)" "warnings about $name"
done

# Completion, where both shells look.
for file in bash-completion/completions/thule bash-completion/completions/thulefs zsh/vendor-completions/_thule; do
	[[ -s $DESTDIR/usr/share/$file ]] || fail "there is no completion in $file"
done
if [[ -e /usr/share/bash-completion/bash_completion ]]; then
	# As bash-completion finds it by the name of the command.
	assert_match '_thule' "$(XDG_DATA_DIRS=$DESTDIR/usr/share BASH_COMPLETION_USER_DIR=$CASE_DIR bash -c \
		'. /usr/share/bash-completion/bash_completion && _completion_loader thule; complete -p thule')" "what bash loads for thule"
fi

# The units, enabled, with the programs where they are now.
units=$CASE_DIR/units
cp -r "$DESTDIR/usr/lib/systemd/system" "$units"
sed -i "s#/usr/bin/thule#$DESTDIR/usr/bin/thule#" "$units"/thule*
mkdir "$units/multi-user.target.wants"
ln -s ../thule-server.service ../thulefs@.service "$units/multi-user.target.wants/"
enabled=(thule-server.service thulefs@srv-other.service thule-log@srv-files.service thule-metrics{,-database}.{service,timer})
for unit in thule-prune thule-fsck; do
	enabled+=("$unit@srv-files.timer" "$unit@srv-files.service")
done
for unit in "${enabled[@]}"; do
	[[ $unit != *@* ]] || ln -s "${unit%@*}@.${unit##*.}" "$units/$unit"
	ln -sf "../$unit" "$units/multi-user.target.wants/$unit"
done
rm "$units/multi-user.target.wants/thulefs@.service"
# A server of the distribution, which most services come after.
printf '[Service]\nType=oneshot\nExecStart=/bin/true\n' >"$units/postgresql.service"
ln -s ../postgresql.service "$units/multi-user.target.wants/postgresql.service"

cat >"$CASE_DIR/fstab" <<-'FSTAB'
	# private /srv/comment fuse.thulefs defaults 0 0
	private /srv/files fuse.thulefs defaults 0 0
	postgresql://thule@db/files /srv/my\040dir fuse.thulefs _netdev,nofail,x-systemd.automount 0 2
	postgresql:///files /srv/early fuse.thulefs nofail
	private /srv/slow fuse.thulefs _netdev,x-systemd.mount-timeout=30s 0 0
	private /srv/other fuse.thulefs home=/srv/other-db 0 0
	tmpfs /srv/memory tmpfs defaults 0 0
FSTAB
printf 'private /srv/last fuse.thulefs noauto' >>"$CASE_DIR/fstab"
export SYSTEMD_FSTAB=$CASE_DIR/fstab

generate() { # FOLDER: its mount units
	mkdir "$1" "$1.early" "$1.late"
	"$generator" "$1" "$1.early" "$1.late" 2>"$CASE_DIR/fstab.log"
	"$DESTDIR/usr/lib/systemd/system-generators/thulefs-generator" "$1" "$1.early" "$1.late" 2>"$CASE_DIR/generator.log"
}

verify() { # FOLDER
	SYSTEMD_UNIT_PATH=$units:$1: systemd-analyze verify --man=no "${enabled[@]}" multi-user.target 2>&1 |
		grep -E 'thule|srv-|cycle' || true
}

generate "$CASE_DIR/generated"
assert_eq "srv-early srv-files srv-last srv-my\\x20dir srv-other srv-slow" \
	"$(cd "$CASE_DIR/generated" && for unit in *.mount.d; do echo "${unit%.mount.d}"; done | xargs -d '\n')" "units that are completed"
completed() { # UNIT
	grep -vE '^#' "$CASE_DIR/generated/$1.mount.d/thulefs.conf" | xargs
}
private='[Unit] Wants=thule-server.service After=thule-server.service'
assert_eq "$private [Mount] TimeoutSec=10min" "$(completed srv-files)" "private, among the local filesystems"
assert_eq "$private" "$(completed srv-slow)" "private, with a time that fstab gives"
assert_eq "$private [Mount] TimeoutSec=10min" "$(completed srv-last)" "the last line, without its end"
assert_eq '[Mount] TimeoutSec=10min' "$(completed srv-other)" "private, with a server of its own"
assert_eq '[Unit] After=postgresql.service [Mount] TimeoutSec=10min' "$(completed 'srv-my\x20dir')" "a database"
assert_eq '[Mount] TimeoutSec=10min' "$(completed srv-early)" "a database among the local filesystems"
assert_match '/srv/early .* needs _netdev' "$(<"$CASE_DIR/generator.log")" "what it says of that one"
assert_eq 1 "$(wc -l <"$CASE_DIR/generator.log")" "lines that it says"

assert_eq "" "$(verify "$CASE_DIR/generated")" "what systemd has against the units"
# It would say so: a server that came after the local filesystems would make a circle.
sed -i '/DefaultDependencies/d' "$units/thule-server.service"
assert_match 'ordering cycle' "$(verify "$CASE_DIR/generated")" "a circle"

# No fstab is no failure.
SYSTEMD_FSTAB=$CASE_DIR/none generate "$CASE_DIR/nothing"
assert_eq 0 "$(find "$CASE_DIR/nothing" -name '*thulefs*' | wc -l)" "units without fstab"

cmake --build "$build" --target uninstall >"$CASE_DIR/uninstall.log" || fail "$(<"$CASE_DIR/uninstall.log")"
assert_eq "$before" "$(cd "$DESTDIR" && find . ! -type d | sort)" "files after uninstall"
assert_eq "" "$(find "$DESTDIR" -name thulefs)" "folders of ours after uninstall"
assert_fails 'nothing was' cmake --build "$build" --target uninstall
