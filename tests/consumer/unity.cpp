// The whole program in one source.
#include "implementation.cpp"
//
#include "exchange.cpp"
#include "main.cpp"
//
#include "greeting.pb.cc"
