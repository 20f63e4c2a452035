# Embeds the SQL files into the programs, so that an installed program carries its schema with it.
#
# thule_embed_sql(TARGET LIST DIR): LIST is a text file with one path a line, relative to DIR ('#' starts a
# comment). Makes sql_files.c, an array of {path, text}, and adds it to TARGET.
# thule_embed_statements(TARGET DIR): makes statements.h (an enum STMT_<NAME> per file DIR/<name>.sql) and
# statements.c (its name and text), and adds both to TARGET.

function(thule_c_array FILE OUT)
  file(READ ${FILE} hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," hex "${hex}")
  set(${OUT} "${hex}0x00" PARENT_SCOPE)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${FILE})
endfunction()

function(thule_write_if_changed FILE TEXT)
  if(EXISTS ${FILE})
    file(READ ${FILE} old)
    if("${old}" STREQUAL "${TEXT}")
      return()
    endif()
  endif()
  file(WRITE ${FILE} "${TEXT}")
endfunction()

function(thule_embed_sql TARGET LIST DIR)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${LIST})
  file(STRINGS ${LIST} lines)
  set(arrays "")
  set(table "")
  set(n 0)
  foreach(line IN LISTS lines)
    string(REGEX REPLACE "#.*" "" line "${line}")
    string(STRIP "${line}" line)
    if(line STREQUAL "")
      continue()
    endif()
    thule_c_array(${DIR}/${line} bytes)
    string(APPEND arrays "static const unsigned char sql_${n}[] = {${bytes}};\n")
    string(APPEND table "\t{\"${line}\", (const char *)sql_${n}},\n")
    math(EXPR n "${n} + 1")
  endforeach()
  set(out ${CMAKE_CURRENT_BINARY_DIR}/sql_files.c)
  thule_write_if_changed(${out} "#include \"db/sql_files.h\"\n\n${arrays}
const struct sql_file sql_files[] = {\n${table}};\nconst int sql_file_count = ${n};\n")
  target_sources(${TARGET} PRIVATE ${out})
endfunction()

function(thule_embed_statements TARGET DIR)
  file(GLOB files CONFIGURE_DEPENDS ${DIR}/*.sql)
  list(SORT files)
  set(arrays "")
  set(table "")
  set(enums "")
  foreach(file IN LISTS files)
    get_filename_component(name ${file} NAME_WE)
    string(TOUPPER ${name} upper)
    thule_c_array(${file} bytes)
    string(APPEND arrays "static const unsigned char sql_${name}[] = {${bytes}};\n")
    string(APPEND table "\t[STMT_${upper}] = {\"${name}\", (const char *)sql_${name}},\n")
    string(APPEND enums "\tSTMT_${upper},\n")
  endforeach()
  thule_write_if_changed(${CMAKE_CURRENT_BINARY_DIR}/generated/statements.h
    "#pragma once\n\nenum stmt {\n${enums}\tSTMT_COUNT,\n};\n")
  thule_write_if_changed(${CMAKE_CURRENT_BINARY_DIR}/statements.c
    "#include \"db/statement.h\"\n\n${arrays}\nconst struct statement statements[STMT_COUNT] = {\n${table}};\n")
  target_sources(${TARGET} PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/statements.c)
  target_include_directories(${TARGET} PUBLIC ${CMAKE_CURRENT_BINARY_DIR}/generated)
endfunction()
