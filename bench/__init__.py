"""The benchmark: the same workloads through Toolchord and, in the same run, through two simpler peers."""
