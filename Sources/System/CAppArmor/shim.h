#pragma once
#include <sys/apparmor.h>
