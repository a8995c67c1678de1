// A placeholder until an owner is known.
module example.org/bss-sim/go

go 1.19
