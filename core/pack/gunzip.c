#include "pack/gunzip.h"
