// libyara is reached through CYara; here it is only found and linked.
