# SPDX-License-Identifier: MIT

# dividere_add_protos(<target> <folder>...): what protoc makes of every .proto in these folders. An object
# library, so that a type is linked, and can be found by its name, even if no source mentions it.
#
# A project that has dividere as a subdirectory does not see protobuf's targets: they belong to that subdirectory. It does
# see dividere_protobuf, and is told where protoc is.
if(NOT TARGET dividere_protobuf)
  add_library(dividere_protobuf INTERFACE)
  target_link_libraries(dividere_protobuf INTERFACE protobuf::libprotobuf)
endif()
if(TARGET protobuf::protoc)
  foreach(property IMPORTED_LOCATION IMPORTED_LOCATION_RELEASE IMPORTED_LOCATION_NOCONFIG)
    get_target_property(dividere_protoc protobuf::protoc ${property})
    if(dividere_protoc)
      set_property(GLOBAL PROPERTY DIVIDERE_PROTOC ${dividere_protoc})
    endif()
  endforeach()
endif()

function(dividere_add_protos target)
  set(protoc protobuf::protoc)
  if(NOT TARGET protobuf::protoc)
    get_property(protoc GLOBAL PROPERTY DIVIDERE_PROTOC)
  endif()
  if(NOT protoc)
    message(FATAL_ERROR "dividere_add_protos: CMake does not find protoc.\n"
      "On Debian or Ubuntu: apt-get install protobuf-compiler")
  endif()
  set(generated_dir ${CMAKE_CURRENT_BINARY_DIR}/${target})
  file(MAKE_DIRECTORY ${generated_dir})
  set(folders "")
  foreach(folder IN LISTS ARGN)
    get_filename_component(folder ${folder} ABSOLUTE)
    if(NOT IS_DIRECTORY ${folder})
      message(FATAL_ERROR "dividere_add_protos(${target}): ${folder} is not a folder")
    endif()
    list(APPEND folders ${folder})
  endforeach()
  set(imports ${folders})
  list(TRANSFORM imports PREPEND -I)
  set(sources "")
  foreach(folder IN LISTS folders)
    file(GLOB protos CONFIGURE_DEPENDS ${folder}/*.proto)
    foreach(proto IN LISTS protos)
      get_filename_component(stem ${proto} NAME_WLE)
      set(outputs ${generated_dir}/${stem}.pb.cc ${generated_dir}/${stem}.pb.h)
      add_custom_command(
        OUTPUT ${outputs}
        COMMAND ${protoc} --cpp_out=${generated_dir} ${imports} ${proto}
        DEPENDS ${proto}
        COMMENT "protoc ${stem}.proto"
        VERBATIM)
      list(APPEND sources ${outputs})
    endforeach()
  endforeach()
  if(NOT sources)
    message(WARNING "dividere_add_protos(${target}): no .proto in ${folders}")
    add_library(${target} INTERFACE)
    return()
  endif()
  add_library(${target} OBJECT ${sources})
  target_compile_features(${target} PUBLIC cxx_std_17)
  target_include_directories(${target} SYSTEM PUBLIC ${generated_dir})
  target_link_libraries(${target} PUBLIC dividere_protobuf)
endfunction()
