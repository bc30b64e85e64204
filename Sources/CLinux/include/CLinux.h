#pragma once
#include "CLinuxProcess.h"
#include "CLinuxFiles.h"
