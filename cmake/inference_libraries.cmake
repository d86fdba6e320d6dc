# SPDX-License-Identifier: MIT
# Finds what src/images and src/inference are made of; RANKWISE_HAS_INFERENCE says whether all of it is there.
set(RANKWISE_HAS_INFERENCE ON)

find_package(fmt REQUIRED)
find_package(Protobuf QUIET)
find_package(PNG QUIET)
find_package(JPEG QUIET)
foreach(library IN ITEMS
    "ONNX|onnx/onnx_pb.h|onnx_proto|libonnx-dev"
    "XNNPACK|xnnpack.h|XNNPACK|libxnnpack-dev"
    "PTHREADPOOL|pthreadpool.h|pthreadpool|libpthreadpool-dev")
  string(REPLACE "|" ";" library "${library}")
  list(GET library 0 name)
  list(GET library 1 header)
  list(GET library 2 file)
  list(GET library 3 package)
  find_path(RANKWISE_${name}_INCLUDE_DIR ${header})
  find_library(RANKWISE_${name}_LIBRARY ${file})
  mark_as_advanced(RANKWISE_${name}_INCLUDE_DIR RANKWISE_${name}_LIBRARY)
  if(NOT RANKWISE_${name}_INCLUDE_DIR OR NOT RANKWISE_${name}_LIBRARY)
    list(APPEND missing ${package})
  endif()
endforeach()
if(NOT TARGET protobuf::libprotobuf)
  list(APPEND missing libprotobuf-dev)
endif()
if(NOT TARGET PNG::PNG)
  list(APPEND missing libpng-dev)
endif()
if(NOT TARGET JPEG::JPEG)
  list(APPEND missing libjpeg-dev)
endif()

if(missing)
  set(RANKWISE_HAS_INFERENCE OFF)
  list(JOIN missing ", " missing)
  message(STATUS "apps/mobilenet is left out: not found: ${missing} (Debian's packages)")
endif()
