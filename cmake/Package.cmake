# `cpack` in a build folder makes a Debian package of it (of the preset `release`, to give it to others). CPack knows all that
# this package needs, and makes it of what `cmake --install` installs; debhelper would be a second description of the same.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME thulefs)
set(CPACK_PACKAGE_CONTACT "ThuleFS maintainers <maintainers@thulefs.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "filesystem whose files live in PostgreSQL, with all of their past")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"ThuleFS is a FUSE filesystem whose files are rows of a PostgreSQL database,
its own private one or yours. Programs run on it unchanged. Every change is
logged with the process that made it, every earlier state can be read, restored
or undone, and all of it can be asked in SQL.")

# Paths as in the package: with DESTDIR, not with a prefix that is elsewhere.
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE
  WORLD_READ WORLD_EXECUTE)
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/cmake/PackageFiles.cmake)

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SECTION utils)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS fuse3)
# Of the private server and of `thule sql`; who has a database elsewhere needs neither.
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "postgresql-15 | postgresql (>= 15), postgresql-client-15 | postgresql-client (>= 15)")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${PROJECT_SOURCE_DIR}/packaging/debian/postinst
  ${PROJECT_SOURCE_DIR}/packaging/debian/prerm ${PROJECT_SOURCE_DIR}/packaging/debian/postrm)
include(CPack)
