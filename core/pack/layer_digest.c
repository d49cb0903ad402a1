#include "pack/layer_digest.h"
