/* Which unit or container a cgroup belongs to. */
#include <stdio.h>
#include <string.h>

#include "actor/unit.h"
#include "suite.h"

#define ID  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define ID2 "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define POD "pod3f0a3b5e-8f5c-4c3e-9a53-0f3ed7b0c6aa"

static void check_unit(const char *cgroup, const char *expected)
{
	char *unit = unit_of_cgroup(cgroup);

	ck_assert_ptr_nonnull(unit);
	ck_assert_msg(!strcmp(unit, expected), "%s: %s, expected %s", cgroup, unit, expected);
	free(unit);
}

START_TEST(systemd)
{
	check_unit("/system.slice/ssh.service", "ssh.service");
	check_unit("/system.slice/system-getty.slice/getty@tty1.service", "getty@tty1.service");
	check_unit("/init.scope", "init.scope");
	check_unit("/user.slice/user-1000.slice/session-3.scope", "session-3.scope");
	check_unit("/user.slice/user-1000.slice/user@1000.service/init.scope", "init.scope");
	check_unit("/user.slice/user-1000.slice/user@1000.service/app.slice/run-r12.scope",
		"run-r12.scope");
	check_unit("/user.slice/user-1000.slice/user@1000.service/app.slice/"
		   "app-gnome\\x5Cx2dterminal-55.scope",
		"app-gnome\\x5Cx2dterminal-55.scope");
	/* cgroups of a service's own */
	check_unit("/system.slice/foo.service/payload/worker-1", "foo.service");
	check_unit("/system.slice/dbus.socket", "dbus.socket");
	check_unit("/machine.slice/machine-web.scope/payload", "machine-web.scope");
	check_unit("/user.slice/user-1000.slice", "user-1000.slice");
}
END_TEST

START_TEST(docker)
{
	check_unit("/docker/" ID, "docker:" ID);
	check_unit("/system.slice/docker-" ID ".scope", "docker:" ID);
	check_unit("/user.slice/user-1000.slice/user@1000.service/user.slice/docker-" ID ".scope",
		"docker:" ID);
	/* systemd in a container, and a container in a container */
	check_unit("/docker/" ID "/system.slice/cron.service", "docker:" ID);
	check_unit("/docker/" ID "/docker/" ID2, "docker:" ID2);
	check_unit("/system.slice/docker.service", "docker.service");
}
END_TEST

START_TEST(podman)
{
	check_unit("/machine.slice/libpod-" ID ".scope", "podman:" ID);
	check_unit("/machine.slice/libpod-" ID ".scope/container", "podman:" ID);
	check_unit("/user.slice/user-1000.slice/user@1000.service/user.slice/"
		   "libpod-" ID ".scope/container",
		"podman:" ID);
	check_unit("/libpod_parent/libpod-" ID, "podman:" ID);
	/* who watches a container is not in it */
	check_unit("/machine.slice/libpod-conmon-" ID ".scope", "libpod-conmon-" ID ".scope");
}
END_TEST

START_TEST(kubernetes)
{
	check_unit("/kubepods/burstable/" POD "/" ID, "kubernetes:" ID);
	check_unit("/kubepods/" POD "/" ID, "kubernetes:" ID);
	check_unit("/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod3f0a.slice/"
		   "cri-containerd-" ID ".scope",
		"containerd:" ID);
	check_unit("/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod3.slice/"
		   "crio-" ID ".scope",
		"crio:" ID);
	check_unit("/kubepods.slice/kubepods-pod3f0a.slice/docker-" ID ".scope", "docker:" ID);
	check_unit("/system.slice/containerd.service/kubepods-burstable-pod3f0a.slice:"
		   "cri-containerd:" ID,
		"containerd:" ID);
	check_unit("/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod3.slice/"
		   "cri-containerd-" ID ".scope",
		"containerd:" ID);
}
END_TEST

START_TEST(others)
{
	check_unit("/lxc.payload.web-1", "lxc:web-1");
	check_unit("/lxc.payload.web-1/system.slice/nginx.service", "lxc:web-1");
	check_unit("/lxc/web", "lxc:web");
	check_unit("/lxc/web/user.slice", "lxc:web");
	check_unit("/ecs/task/" ID, "container:" ID);
	check_unit("/system.slice/nerdctl-" ID ".scope", "containerd:" ID);
}
END_TEST

START_TEST(none)
{
	static const char *const plain[] = {"", "/", "//", "/a", "/a/b/", "/../..", "/.service",
		"/.scope/", "/docker", "/docker/", "/lxc", "/lxc.payload.", "/0123456789abcdef",
		"/" ID "0", "/docker-" ID "0", "/x.services"};

	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		check_unit(plain[i], "");
	check_unit("/docker-.scope", "docker-.scope");
	check_unit("/docker-" ID "0.scope", "docker-" ID "0.scope");
}
END_TEST

START_TEST(long_name)
{
	char cgroup[4000], *unit;

	memset(cgroup, 'a', sizeof(cgroup));
	cgroup[0] = '/';
	strcpy(cgroup + sizeof(cgroup) - 9, ".service");
	unit = unit_of_cgroup(cgroup);
	ck_assert_uint_le(strlen(unit), 255);
	free(unit);
}
END_TEST

static void add_tests(TCase *tc)
{
	tcase_add_test(tc, systemd);
	tcase_add_test(tc, docker);
	tcase_add_test(tc, podman);
	tcase_add_test(tc, kubernetes);
	tcase_add_test(tc, others);
	tcase_add_test(tc, none);
	tcase_add_test(tc, long_name);
}

int main(void)
{
	return suite_main("unit", add_tests);
}
