// The header came first without the macro, through another header say; the implementation still follows.
#include <dividere.hpp>

#define DIVIDERE_IMPLEMENTATION
#include <dividere.hpp>
