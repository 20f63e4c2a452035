# fuzz/fuzz_NAME.c: a program of libFuzzer, in a build with the preset `fuzz`; and in the build of the tests, where
# tests/run says where that is, a test fuzz.NAME, which takes a minute.
option(THULE_FUZZ "Build the fuzzers, which need clang" OFF)
set(THULE_FUZZ_BUILD "" CACHE PATH "The build folder of the preset fuzz, whose programs are tests")

file(GLOB fuzz_sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/fuzz_*.c)

function(thule_fuzzers)
  if(NOT THULE_FUZZ)
    return()
  endif()
  add_custom_target(fuzzers)
  foreach(source IN LISTS fuzz_sources)
    get_filename_component(program ${source} NAME_WE)
    add_executable(${program} EXCLUDE_FROM_ALL ${source} fuzz/fuzz.c)
    target_link_libraries(${program} PRIVATE thule-memory thule-fs)
    target_link_options(${program} PRIVATE -fsanitize=fuzzer)
    set_target_properties(${program} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${THULE_TEST_BIN})
    add_dependencies(fuzzers ${program})
  endforeach()
  # The reader of a daemon's lines is the command's.
  target_sources(fuzz_lines PRIVATE ${PROJECT_SOURCE_DIR}/tools/answer.c)
endfunction()

function(thule_fuzz_tests)
  if(NOT THULE_FUZZ_BUILD)
    return()
  endif()
  foreach(source IN LISTS fuzz_sources)
    get_filename_component(program ${source} NAME_WE)
    string(REGEX REPLACE "^fuzz_" "" name ${program})
    add_test(NAME fuzz.${name} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/run ${name})
    set_tests_properties(fuzz.${name} PROPERTIES LABELS fuzz SKIP_RETURN_CODE 77 TIMEOUT 300
      ENVIRONMENT "THULE_FUZZ_BUILD=${THULE_FUZZ_BUILD}")
  endforeach()
endfunction()
