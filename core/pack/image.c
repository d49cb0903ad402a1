#include "pack/image.h"
