#!/usr/bin/env bash
# A Debian package is built on the mount with dpkg-buildpackage, by an ordinary user with fakeroot, and a Python
# virtual environment is made and used.
# options: allow_other
# shellcheck source=../lib/mount.sh
. "$(dirname "$0")/../lib/mount.sh"
need dpkg-buildpackage fakeroot
need_root

user=65530
export HOME=$MNT/home
mkdir -p "$HOME" "$MNT/work/hello-1.0/debian"
cd "$MNT/work/hello-1.0"

cat >hello.c <<-'C'
	#include <stdio.h>
	int main(void) { puts("hello from a package"); return 0; }
C
cat >debian/control <<-'CONTROL'
	Source: hello
	Maintainer: Tester <tester@example.org>

	Package: hello
	Architecture: any
	Description: says hello
CONTROL
cat >debian/changelog <<-'LOG'
	hello (1.0) unstable; urgency=low

	  * Made.

	 -- Tester <tester@example.org>  Thu, 01 Jan 2026 00:00:00 +0000
LOG
cat >debian/rules <<-'RULES'
	#!/usr/bin/make -f
	.RECIPEPREFIX = >
	build build-arch build-indep:
	> cc -O2 -o hello hello.c
	binary binary-arch: build
	> install -D -m 4755 -o root -g games hello debian/hello/usr/bin/hello
	> ln -s hello debian/hello/usr/bin/hallo
	> mkdir -p debian/hello/DEBIAN
	> dpkg-gencontrol -Pdebian/hello
	> dpkg-deb --build debian/hello ..
	binary-indep:
	clean:
	> rm -rf hello debian/hello debian/files debian/*.substvars
	.PHONY: build build-arch build-indep binary binary-arch binary-indep clean
RULES
chmod +x debian/rules
chown -R "$user:$user" "$MNT/work" "$HOME"

as_user "$user" dpkg-buildpackage -d -us -uc -b >"$CASE_DIR/build.log" 2>&1 ||
	fail "dpkg-buildpackage: $(tail -n 10 "$CASE_DIR/build.log")"
package=$(ls "$MNT/work/"hello_1.0_*.deb)
assert_match '^-rwsr-xr-x root/games ' "$(dpkg-deb -c "$package" | grep '/hello$')" "the file in the package"
mkdir "$MNT/root"
dpkg-deb -x "$package" "$MNT/root"
assert_eq "hello from a package" "$("$MNT/root/usr/bin/hallo")" "the program that was in it"

if python3 -c 'import ensurepip' 2>/dev/null; then
	as_user "$user" /usr/bin/python3 -m venv "$MNT/work/env"
	as_user "$user" "$MNT/work/env/bin/python" -c 'import sys; assert sys.prefix != sys.base_prefix'
	as_user "$user" "$MNT/work/env/bin/pip" --version | grep -q "$MNT/work/env"
fi
cd "$CASE_DIR"
remount_fs
assert_eq "hello from a package" "$("$MNT/root/usr/bin/hello")" "the program, after a remount"
