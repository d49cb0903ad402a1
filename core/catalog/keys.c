#include "catalog/keys.h"
