#include "catalog/name.h"
