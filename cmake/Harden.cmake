# What a mistake with memory must not become: code of somebody else's. thule-options gets it, and so does every target.
include(CheckCCompilerFlag)
include(CheckPIESupported)

check_pie_supported()
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

# Assertions stay in every build: those that there are guard memory, and cost nothing that could be measured.
foreach(type IN ITEMS RELEASE RELWITHDEBINFO MINSIZEREL)
  string(REPLACE "-DNDEBUG" "" CMAKE_C_FLAGS_${type} "${CMAKE_C_FLAGS_${type}}")
endforeach()

foreach(flag IN ITEMS -fstack-protector-strong -fstack-clash-protection -fcf-protection)
  string(MAKE_C_IDENTIFIER "THULE_HAS${flag}" has)
  check_c_compiler_flag(${flag} ${has})
  if(${has})
    target_compile_options(thule-options INTERFACE ${flag})
  endif()
endforeach()
target_link_options(thule-options INTERFACE -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack)

# The C library checks bounds only in what is optimised, and the sanitizers replace what it checks.
string(TOUPPER "${CMAKE_BUILD_TYPE}" type)
if(NOT THULE_SANITIZE AND "${CMAKE_C_FLAGS} ${CMAKE_C_FLAGS_${type}}" MATCHES "-O[1-3gs]")
  target_compile_options(thule-options INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
endif()
