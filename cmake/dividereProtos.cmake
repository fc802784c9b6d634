# SPDX-License-Identifier: MIT

# dividere_add_protos(<target> <folder>...): what protoc makes of every .proto in these folders. An object
# library, so that a type is linked, and can be found by its name, even if no source mentions it.
function(dividere_add_protos target)
  set(generated_dir ${CMAKE_CURRENT_BINARY_DIR}/${target})
  file(MAKE_DIRECTORY ${generated_dir})
  set(sources "")
  set(imports ${ARGN})
  list(TRANSFORM imports PREPEND -I)
  foreach(folder IN LISTS ARGN)
    file(GLOB protos CONFIGURE_DEPENDS ${folder}/*.proto)
    foreach(proto IN LISTS protos)
      get_filename_component(stem ${proto} NAME_WE)
      set(outputs ${generated_dir}/${stem}.pb.cc ${generated_dir}/${stem}.pb.h)
      add_custom_command(
        OUTPUT ${outputs}
        COMMAND protobuf::protoc --cpp_out=${generated_dir} ${imports} ${proto}
        DEPENDS ${proto}
        COMMENT "protoc ${stem}.proto"
        VERBATIM)
      list(APPEND sources ${outputs})
    endforeach()
  endforeach()
  if(NOT sources)
    add_library(${target} INTERFACE)
    return()
  endif()
  add_library(${target} OBJECT ${sources})
  target_compile_features(${target} PUBLIC cxx_std_17)
  target_include_directories(${target} SYSTEM PUBLIC ${generated_dir})
  target_link_libraries(${target} PUBLIC protobuf::libprotobuf)
endfunction()
