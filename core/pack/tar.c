#include "pack/tar.h"
