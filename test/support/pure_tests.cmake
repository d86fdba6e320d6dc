# SPDX-License-Identifier: MIT
add_library(rankwise_test_session STATIC ${CMAKE_CURRENT_LIST_DIR}/catch_session.cpp)
target_include_directories(rankwise_test_session PUBLIC ${CMAKE_CURRENT_LIST_DIR})
target_link_libraries(rankwise_test_session PUBLIC Catch2::Catch2 PRIVATE rankwise_project_options)

add_library(rankwise_test_main STATIC ${CMAKE_CURRENT_LIST_DIR}/test_main.cpp)
target_link_libraries(rankwise_test_main PUBLIC rankwise_test_session PRIVATE rankwise_project_options)

# rankwise_optimise(<test>...) is for tests that compute for long: asan, which is built without optimisation, has them optimised.
function(rankwise_optimise)
  if(RANKWISE_SANITIZE)
    foreach(test IN LISTS ARGN)
      target_compile_options(${test} PRIVATE $<$<CXX_COMPILER_ID:GNU,Clang>:-O1>)
    endforeach()
  endif()
endfunction()

# rankwise_pure_tests(<label> TIMEOUT <s>) makes one program and one test, <label>.<name>, of each <name>_test.cpp beside or
# below the calling file.
function(rankwise_pure_tests label)
  cmake_parse_arguments(PARSE_ARGV 1 T "" "TIMEOUT" "")
  if(RANKWISE_SANITIZE)
    math(EXPR T_TIMEOUT "${T_TIMEOUT} * 3")
  endif()
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*_test.cpp)
  foreach(source IN LISTS sources)
    cmake_path(GET source STEM program)
    string(REGEX REPLACE "_test$" "" name ${program})
    set(target ${label}_${program})
    add_executable(${target} ${source})
    target_include_directories(${target} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
    target_link_libraries(${target} PRIVATE rankwise_test_main rankwise::compiled rankwise_project_options)
    set(test ${RANKWISE_TEST_PREFIX}${label}.${name})
    add_test(NAME ${test} COMMAND ${target} --order decl)
    set_tests_properties(${test} PROPERTIES LABELS ${label} TIMEOUT ${T_TIMEOUT} PROCESSORS ${RANKWISE_ONE_CORE}
      ENVIRONMENT "${RANKWISE_TEST_ENVIRONMENT}")
  endforeach()
endfunction()
