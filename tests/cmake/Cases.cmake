# How files that are dropped in a folder become tests.

set(THULE_TEST_BIN ${PROJECT_BINARY_DIR}/tests/bin)

# The builds that a test runs on: dev is this one.
set(test_builds "dev=${PROJECT_BINARY_DIR}" ${THULE_TEST_BUILDS})

function(thule_test_name OUT BASE BUILD)
  if(BUILD STREQUAL dev)
    set(${OUT} ${BASE} PARENT_SCOPE)
  else()
    set(${OUT} ${BASE}.${BUILD} PARENT_SCOPE)
  endif()
endfunction()

# unit/test_NAME.c: one program with the check framework.
function(thule_unit_tests)
  pkg_check_modules(CHECK IMPORTED_TARGET check)
  if(NOT CHECK_FOUND)
    message(WARNING "check is not installed: no unit tests")
    return()
  endif()
  # The database in memory, for those that ask for one.
  file(GLOB memory CONFIGURE_DEPENDS unit/memory*.c)
  add_library(thule-memory STATIC ${memory})
  target_link_libraries(thule-memory PUBLIC thule-fs)
  file(GLOB sources CONFIGURE_DEPENDS unit/test_*.c)
  set(with_threads direct engine)
  foreach(source IN LISTS sources)
    get_filename_component(program ${source} NAME_WE)
    string(REGEX REPLACE "^test_" "" name ${program})
    add_executable(${program} ${source})
    target_link_libraries(${program} PRIVATE thule-memory thule-fs thule-cluster PkgConfig::CHECK)
    target_compile_definitions(${program} PRIVATE THULE_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
    set_target_properties(${program} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${THULE_TEST_BIN})
    foreach(build IN LISTS test_builds)
      string(REGEX MATCH "^([^=]+)=(.*)$" _ ${build})
      # A thread sanitizer has nothing to say about pure functions.
      if(CMAKE_MATCH_1 STREQUAL tsan AND NOT name IN_LIST with_threads)
        continue()
      endif()
      thule_test_name(test unit.${name} ${CMAKE_MATCH_1})
      add_test(NAME ${test} COMMAND ${CMAKE_MATCH_2}/tests/bin/${program})
      set_tests_properties(${test} PROPERTIES LABELS "unit;${CMAKE_MATCH_1}" TIMEOUT 400
        SKIP_RETURN_CODE 77)
    endforeach()
  endforeach()
endfunction()

# The value of a "# NAME: value" line of a case.
function(thule_case_setting OUT FILE NAME DEFAULT)
  file(STRINGS ${FILE} lines REGEX "^(#|//| \\*) ${NAME}: *")
  set(value ${DEFAULT})
  if(lines)
    list(GET lines 0 line)
    string(REGEX REPLACE "^(#|//| \\*) ${NAME}: *" "" value "${line}")
  endif()
  set(${OUT} "${value}" PARENT_SCOPE)
endfunction()

# mount/NAME.sh, .py or .c: a mounted case; run-case describes what it may say of itself.
function(thule_mounted_cases)
  set(runner ${CMAKE_CURRENT_SOURCE_DIR}/mount/run-case)
  set(cluster ${CMAKE_CURRENT_SOURCE_DIR}/lib/cluster)
  # Two build folders may be tested at the same time.
  string(MD5 hash ${PROJECT_BINARY_DIR})
  string(SUBSTRING ${hash} 0 8 hash)
  set(server THULE_TEST_CLUSTER=/tmp/thule-test-${hash})
  add_test(NAME mount.server-start COMMAND ${cluster} start)
  add_test(NAME mount.server-stop COMMAND ${cluster} stop)
  set_tests_properties(mount.server-start PROPERTIES FIXTURES_SETUP server LABELS fixture TIMEOUT 120
    ENVIRONMENT ${server})
  set_tests_properties(mount.server-stop PROPERTIES FIXTURES_CLEANUP server LABELS fixture TIMEOUT 120
    ENVIRONMENT ${server})

  # For the cases that run with io_uring, too, the kernel has to have that on meanwhile.
  set(switch ${CMAKE_CURRENT_SOURCE_DIR}/lib/uring ${PROJECT_BINARY_DIR}/tests/uring)
  add_test(NAME mount.uring-on COMMAND ${switch} on)
  add_test(NAME mount.uring-off COMMAND ${switch} off)
  set_tests_properties(mount.uring-on PROPERTIES FIXTURES_SETUP uring LABELS fixture)
  set_tests_properties(mount.uring-off PROPERTIES FIXTURES_CLEANUP uring LABELS fixture)

  file(GLOB cases CONFIGURE_DEPENDS mount/*.sh mount/*.py mount/*.c)
  foreach(case IN LISTS cases)
    get_filename_component(name ${case} NAME_WE)
    get_filename_component(kind ${case} EXT)
    set(program ${case})
    if(kind STREQUAL ".c")
      add_executable(case_${name} ${case})
      target_link_libraries(case_${name} PRIVATE thule-options)
      set_target_properties(case_${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${THULE_TEST_BIN})
      set(program ${THULE_TEST_BIN}/case_${name})
    endif()
    thule_case_setting(labels ${case} labels "")
    thule_case_setting(limit ${case} timeout 150)
    thule_case_setting(lock ${case} lock "")
    thule_case_setting(transport ${case} transport "")
    thule_add_case(${name} ${case} ${program} ${limit} "${labels}" "${lock}")
    if(transport STREQUAL uring)
      thule_add_uring_case(${name} ${case} ${program} ${limit} "${lock}")
    endif()
  endforeach()
endfunction()

# Once more, on the build for developers alone, with requests that come by io_uring.
function(thule_add_uring_case NAME FILE PROGRAM LIMIT LOCK)
  math(EXPR backstop "${LIMIT} * 4 + 300")
  add_test(NAME mount.${NAME}.uring COMMAND ${runner} ${FILE} ${PROGRAM})
  set_tests_properties(mount.${NAME}.uring PROPERTIES LABELS "mount;dev;uring" SKIP_RETURN_CODE 77
    TIMEOUT ${backstop} FIXTURES_REQUIRED "server;uring" RESOURCE_LOCK "${LOCK}"
    ENVIRONMENT "${server};THULE_BIN=${PROJECT_BINARY_DIR}/bin;THULE_TEST_TRANSPORT=uring")
endfunction()

function(thule_add_case NAME FILE PROGRAM LIMIT CASE_LABELS LOCK)
  foreach(build IN LISTS test_builds)
    string(REGEX MATCH "^([^=]+)=(.*)$" _ ${build})
    set(build_name ${CMAKE_MATCH_1})
    set(environment ${server} THULE_BIN=${CMAKE_MATCH_2}/bin)
    if(NOT build_name STREQUAL dev)
      if(CASE_LABELS MATCHES "long")
        continue()
      endif()
      list(APPEND environment THULE_SANITIZED=${build_name})
    endif()
    thule_test_name(test mount.${NAME} ${build_name})
    # run-case has its own limit, shorter than this, to print what the daemon was doing.
    math(EXPR backstop "${LIMIT} * 4 + 300")
    add_test(NAME ${test} COMMAND ${runner} ${FILE} ${PROGRAM})
    set_tests_properties(${test} PROPERTIES LABELS "mount;${build_name};${CASE_LABELS}" SKIP_RETURN_CODE 77
      TIMEOUT ${backstop} FIXTURES_REQUIRED server ENVIRONMENT "${environment}" RESOURCE_LOCK "${LOCK}")
  endforeach()
endfunction()

# sql/run has a server of its own and runs every pgTAP file.
function(thule_sql_tests)
  if(NOT EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/sql/run)
    return()
  endif()
  # On the majors that Debian 12 has not, too, where they can be had. One after the other: each has work for a CPU for minutes.
  foreach(major "" 16 17 18)
    set(name sql)
    set(arguments)
    if(major)
      set(name sql.${major})
      set(arguments --major ${major})
    endif()
    add_test(NAME ${name} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/sql/run ${arguments})
    set_tests_properties(${name} PROPERTIES LABELS sql SKIP_RETURN_CODE 77 TIMEOUT 1200 COST 1200 RESOURCE_LOCK sql
      ENVIRONMENT "THULE_BIN=${PROJECT_BINARY_DIR}/bin")
  endforeach()
endfunction()

# Each workload of the bench in a tiny size: that it runs whole, and never how fast.
function(thule_bench_tests)
  set(check ${CMAKE_CURRENT_SOURCE_DIR}/bench/check)
  set(workloads extract copy git build install npm warm sequential random commit point cost hosts scale kernel history questions past)
  foreach(workload IN LISTS workloads)
    add_test(NAME bench.${workload} COMMAND ${check} ${workload})
  endforeach()
  # Fails when there is a workload that is not in this list.
  add_test(NAME bench.faults COMMAND ${check} --faults ${workloads})
  foreach(test IN LISTS workloads ITEMS faults)
    # It drops the caches of the kernel, and other tests count on what is in them.
    set_tests_properties(bench.${test} PROPERTIES LABELS bench SKIP_RETURN_CODE 77 TIMEOUT 300 RESOURCE_LOCK kernel-caches
      ENVIRONMENT "THULE_BIN=${PROJECT_BINARY_DIR}/bin")
  endforeach()
endfunction()

function(thule_lints)
  foreach(lint IN ITEMS headers shell format length layers circles terminal whitespace python hardening probes metrics help)
    add_test(NAME lint.${lint} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/lint/run ${lint} ${PROJECT_BINARY_DIR})
    set_tests_properties(lint.${lint} PROPERTIES LABELS lint SKIP_RETURN_CODE 77 TIMEOUT 300)
  endforeach()
endfunction()
