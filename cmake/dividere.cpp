#define DIVIDERE_IMPLEMENTATION
#include <dividere.hpp>
