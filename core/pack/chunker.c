#include "pack/chunker.h"
