# SPDX-License-Identifier: MIT
# What the project's own programs are built with; a program that includes the library is not touched by it.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

add_library(rankwise_project_options INTERFACE)
if(NOT RANKWISE_SANITIZE AND NOT RANKWISE_SANITIZE_THREADS)  # the plain build warns of the same sources
  target_compile_options(rankwise_project_options INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wnon-virtual-dtor)
  if(RANKWISE_WARNINGS_AS_ERRORS)
    target_compile_options(rankwise_project_options INTERFACE -Werror)
  endif()
endif()
if(RANKWISE_JOIN_TESTS)
  # GCC collects its garbage less often: an eighth less time, for a quarter of a gigabyte.
  target_compile_options(rankwise_project_options INTERFACE
    $<$<CXX_COMPILER_ID:GNU>:--param=ggc-min-expand=300> $<$<CXX_COMPILER_ID:GNU>:--param=ggc-min-heapsize=1000000>)
endif()
if(RANKWISE_SANITIZE)
  target_compile_options(rankwise_project_options INTERFACE
    -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  target_link_options(rankwise_project_options INTERFACE -fsanitize=address,undefined)
endif()
if(RANKWISE_SANITIZE_THREADS)
  target_compile_options(rankwise_project_options INTERFACE -fsanitize=thread)
  target_link_options(rankwise_project_options INTERFACE -fsanitize=thread)
endif()
