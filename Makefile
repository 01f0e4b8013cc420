# tdr: what there is to make. `make` alone lists it.

PREFIX ?= /usr/local
DESTDIR ?=
# Empty keeps the symbols, which make the binary half as large again.
STRIP ?= -s
bin = $(DESTDIR)$(PREFIX)/bin
share = $(DESTDIR)$(PREFIX)/share

.DEFAULT_GOAL := help
.PHONY: help setup build demo test soak bench install uninstall man completions format lint clean

help: ## list the targets
	@grep -E '^[a-z ]+:.*##' $(firstword $(MAKEFILE_LIST)) | sed -E 's/^([a-z ]+):.*## /make \1\t/' | expand -t 25
	@echo "PREFIX=/usr/local and DESTDIR= say where install and uninstall work."

setup: ## install what building, testing and the demo need
	@scripts/setup.sh test
	@scripts/setup.sh demo

build: ## build the release binary, .build/release/tdr
	@scripts/build.sh

demo: ## one transfer from end to end, explained on the screen
	@scripts/demo.sh

test: ## lint, build and run all tests (SANITIZE=thread with a sanitizer)
	@SANITIZE=$(SANITIZE) scripts/test.sh $(ARGS)

soak: ## the tests that take hours: kills, fuzzing, mutated queries (ARGS=FILTER)
	@scripts/soak.sh $(ARGS)

bench: ## measure against openssl, bagit-python and tar (ARGS="--million a b c")
	@Benchmarks/run.sh $(ARGS)

install: ## install tdr, manual pages and completions (build first, or it does)
	@test -x .build/release/tdr || scripts/build.sh
	install -d $(bin) $(share)/man/man1 $(share)/doc/tdr $(share)/bash-completion/completions \
		$(share)/zsh/site-functions $(share)/fish/vendor_completions.d
	install -m 755 $(STRIP) .build/release/tdr $(bin)/tdr
	install -m 644 man/*.1 $(share)/man/man1
	install -d $(share)/tdr
	install -m 644 share/tdr/* $(share)/tdr
	install -m 644 README.md CHANGELOG.md LICENSE NOTICE docs/*.md $(share)/doc/tdr
	install -d $(share)/doc/tdr/contrib
	install -m 644 contrib/* $(share)/doc/tdr/contrib
	install -m 644 completions/tdr.bash $(share)/bash-completion/completions/tdr
	install -m 644 completions/_tdr $(share)/zsh/site-functions/_tdr
	install -m 644 completions/tdr.fish $(share)/fish/vendor_completions.d/tdr.fish

uninstall: ## remove what install put there
	rm -f $(bin)/tdr $(addprefix $(share)/man/man1/,$(notdir $(wildcard man/*.1)))
	rm -f $(share)/bash-completion/completions/tdr $(share)/zsh/site-functions/_tdr
	rm -f $(share)/fish/vendor_completions.d/tdr.fish
	rm -rf $(share)/doc/tdr
	rm -f $(addprefix $(share)/tdr/,$(notdir $(wildcard share/tdr/*)))

man completions: ## write the manual pages and completions again from the commands
	@scripts/generate.sh

format: ## put the Swift code into form
	@scripts/lint.sh --fix

lint: ## say what is not in form
	@scripts/lint.sh

clean: ## remove all that was built
	rm -rf .build
