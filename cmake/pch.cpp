// Compiled once for its precompiled headers (QoptCompiler.cmake).
