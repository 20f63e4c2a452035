# What a Debian package has beside what is installed from source; CPack runs it once all else is in its folder.
set(doc ${CPACK_TEMPORARY_INSTALL_DIRECTORY}/usr/share/doc/thulefs)
set(debian ${CMAKE_CURRENT_LIST_DIR}/../packaging/debian)

function(thule_compressed FROM TO)
  execute_process(COMMAND gzip -9nc ${FROM} OUTPUT_FILE ${TO} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

configure_file(${debian}/copyright ${doc}/copyright COPYONLY NO_SOURCE_PERMISSIONS)
configure_file(${debian}/lintian-overrides ${CPACK_TEMPORARY_INSTALL_DIRECTORY}/usr/share/lintian/overrides/thulefs
  COPYONLY NO_SOURCE_PERMISSIONS)
thule_compressed(${debian}/changelog ${doc}/changelog.Debian.gz)
# Policy wants the changes of the project itself under this name.
thule_compressed(${doc}/NEWS.md ${doc}/changelog.gz)
file(REMOVE ${doc}/NEWS.md)

file(GLOB pages ${CPACK_TEMPORARY_INSTALL_DIRECTORY}/usr/share/man/*/*)
foreach(page IN LISTS pages)
  thule_compressed(${page} ${page}.gz)
  file(REMOVE ${page})
endforeach()
