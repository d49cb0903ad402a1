#include "pack/index.h"
