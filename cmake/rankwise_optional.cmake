# SPDX-License-Identifier: MIT
# What the headers can use where it is there; they compile with and without it, and what is left out is said. Installed
# with the package: it is the user's machine that counts.

# rankwise_link_optional(<target> <libraries>...) links the interface library with each library that is there, given as
# "NAME|header|library|Debian package|what is lost without it".
function(rankwise_link_optional target)
  foreach(library IN LISTS ARGN)
    string(REPLACE "|" ";" library "${library}")
    list(GET library 0 name)
    list(GET library 1 header)
    list(GET library 2 file)
    list(GET library 3 package)
    list(GET library 4 loss)
    find_path(RANKWISE_${name}_INCLUDE_DIR ${header})
    find_library(RANKWISE_${name}_LIBRARY ${file})
    mark_as_advanced(RANKWISE_${name}_INCLUDE_DIR RANKWISE_${name}_LIBRARY)
    if(RANKWISE_${name}_INCLUDE_DIR AND RANKWISE_${name}_LIBRARY)
      # Not for export: the paths are this machine's.
      target_include_directories(${target} SYSTEM INTERFACE $<BUILD_INTERFACE:${RANKWISE_${name}_INCLUDE_DIR}>)
      target_link_libraries(${target} INTERFACE $<BUILD_INTERFACE:${RANKWISE_${name}_LIBRARY}>)
      target_compile_definitions(${target} INTERFACE $<BUILD_INTERFACE:RANKWISE_HAS_${name}>)
      set_property(GLOBAL APPEND PROPERTY RANKWISE_LIBRARIES_FOUND ${name})
    else()
      message(STATUS "rankwise: ${loss} (${package} is not here)")
    endif()
  endforeach()
endfunction()

# For rankwise::scheduler.
function(rankwise_link_scheduler_libraries target)
  rankwise_link_optional(${target} "SQLITE|sqlite3.h|sqlite3|libsqlite3-dev|programs have no --journal")
endfunction()

# For rankwise::readers.
function(rankwise_link_reader_libraries target)
  rankwise_link_optional(${target}
    "HIGHWAY|hwy/highway.h|hwy|libhwy-dev|words are found more slowly"
    "ZLIB|zlib.h|z|zlib1g-dev|gzip files can't be read"
    "ZSTD|zstd.h|zstd|libzstd-dev|zstd files can't be read"
    "BZIP2|bzlib.h|bz2|libbz2-dev|bzip2 files can't be read"
    "LZMA|lzma.h|lzma|liblzma-dev|xz files can't be read")
endfunction()
