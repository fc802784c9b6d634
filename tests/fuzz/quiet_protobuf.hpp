#pragma once

// protobuf 3 writes a line for each text that is no UTF-8: not worth a line a try. To be included once a program.

#include <google/protobuf/message.h>

#if GOOGLE_PROTOBUF_VERSION < 4000000
extern "C" int LLVMFuzzerInitialize(int*, char***) {
  google::protobuf::SetLogHandler(nullptr);
  return 0;
}
#endif
