#include "pack/part.h"
