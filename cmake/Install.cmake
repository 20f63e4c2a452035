# What `cmake --install` puts beside the programs, and the target `uninstall`, which takes away what the last install from this
# build folder put somewhere. Below the prefix, but for the mount helpers.

# mount(8) and umount(8) look for helpers in /sbin and nowhere else, whatever the prefix is.
install(CODE "set(bindir \"${CMAKE_INSTALL_BINDIR}\")")
install(CODE [[
  set(sbin "$ENV{DESTDIR}/sbin")
  if(NOT EXISTS ${sbin})
    file(MAKE_DIRECTORY ${sbin})
  endif()
  foreach(name mount umount)
    if(name STREQUAL "mount")
      set(program ${CMAKE_INSTALL_PREFIX}/${bindir}/thulefs)
    else()
      set(program ${CMAKE_INSTALL_PREFIX}/${bindir}/thule)
    endif()
    message(STATUS "Installing: ${sbin}/${name}.fuse.thulefs")
    file(CREATE_LINK ${program} ${sbin}/${name}.fuse.thulefs RESULT failed SYMBOLIC)
    if(failed)
      message(WARNING "mount -t fuse.thulefs will not work: cannot link from ${sbin}: ${failed}")
    else()
      list(APPEND CMAKE_INSTALL_MANIFEST_FILES /sbin/${name}.fuse.thulefs)
    endif()
  endforeach()
]])

# systemd looks below /usr and /usr/local. The units name the programs by the prefix, which is known only now.
file(GLOB units CONFIGURE_DEPENDS packaging/systemd/*.in)
install(CODE "set(units \"${units}\")\nset(scratch \"${PROJECT_BINARY_DIR}/units\")\nset(docdir \"${CMAKE_INSTALL_DOCDIR}\")")
install(CODE [[
  set(BINDIR ${CMAKE_INSTALL_PREFIX}/${bindir})
  set(DOCDIR ${CMAKE_INSTALL_PREFIX}/${docdir})
  foreach(unit IN LISTS units)
    get_filename_component(name ${unit} NAME_WLE)
    configure_file(${unit} ${scratch}/${name} @ONLY)
    file(INSTALL ${scratch}/${name} DESTINATION ${CMAKE_INSTALL_PREFIX}/lib/systemd/system
      PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
  endforeach()
]])
install(PROGRAMS packaging/systemd/thulefs-generator DESTINATION lib/systemd/system-generators)

# The manual is made of what the programs and the schema say of themselves, and has the date of the package's last version.
set(man ${PROJECT_BINARY_DIR}/man)
file(STRINGS packaging/debian/changelog date REGEX "^ -- " LIMIT_COUNT 1)
string(REGEX MATCH "[0-9]+ [A-Z][a-z]+ [0-9]+" date "${date}")
file(GLOB page_sources CONFIGURE_DEPENDS tools/man/*)
file(GLOB_RECURSE schema_sources CONFIGURE_DEPENDS sql/*.sql sql/install.list)
add_custom_command(OUTPUT ${man}/made
  COMMAND ${PROJECT_SOURCE_DIR}/tools/man/generate $<TARGET_FILE_DIR:thule> ${man} "${date}"
  COMMAND ${CMAKE_COMMAND} -E touch ${man}/made
  DEPENDS thule thulefs ${page_sources} ${schema_sources} VERBATIM)
add_custom_target(manual ALL DEPENDS ${man}/made)
install(DIRECTORY ${man}/man1 ${man}/man7 ${man}/man8 DESTINATION ${CMAKE_INSTALL_MANDIR})

# Where bash-completion and zsh look; the zsh of Debian looks for what packages bring in a folder of its own.
foreach(program thule thulefs)
  install(FILES tools/completion/thule.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME ${program})
endforeach()
install(CODE "set(completion \"${PROJECT_SOURCE_DIR}/tools/completion/_thule\")\nset(datadir \"${CMAKE_INSTALL_DATADIR}\")")
install(CODE [[
  set(functions site-functions)
  if(CMAKE_INSTALL_PREFIX STREQUAL "/usr")
    set(functions vendor-completions)
  endif()
  file(INSTALL ${completion} DESTINATION ${CMAKE_INSTALL_PREFIX}/${datadir}/zsh/${functions}
    PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
]])

# As they refer to each other.
install(FILES README.md NEWS.md SECURITY.md ARCHITECTURE.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(PROGRAMS packaging/examples/keep-or-undo packaging/examples/prepare-commit-msg DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)
install(FILES packaging/examples/gitlab-ci.yml DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)
install(FILES sql/README.md DESTINATION ${CMAKE_INSTALL_DOCDIR}/sql)
install(FILES docker/README.md docker/Dockerfile docker/compose.yaml DESTINATION ${CMAKE_INSTALL_DOCDIR}/docker)
install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DOCDIR} FILES_MATCHING PATTERN *.md PATTERN *.svg)
install(DIRECTORY monitoring/ DESTINATION ${CMAKE_INSTALL_DATADIR}/thulefs/monitoring)
# reportbug(1) runs it for a bug of the package, and so may everybody.
install(PROGRAMS packaging/bug-script DESTINATION ${CMAKE_INSTALL_DATADIR}/bug/thulefs RENAME script)

add_custom_target(uninstall
  COMMAND ${CMAKE_COMMAND} -D MANIFEST=${PROJECT_BINARY_DIR}/install_manifest.txt -P ${PROJECT_SOURCE_DIR}/cmake/Uninstall.cmake
  USES_TERMINAL)
