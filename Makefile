# A thin front of meson for people in a hurry; everything is described in HACKING.md.
#
#   make            build/amtspost
#   make run        demo office: install, build, private mail server, import; Ctrl-C ends it
#   make run ONCE=1 the same, ending after the import
#   make run OFFICE365=1    with a clerk who signs in with Office 365 (a stand-in) in a real browser
#   make check      install, build in four ways, run every test
#   make bench      measure against bare readers; the page with 10,000 users
#   make analyse    clang's static analyser over all sources
#   make thorough   the same and more: every trip in the program that users get, unit tests by clang
#   make torture    fifty kills of an import
#   make fuzz       every fuzz target for FUZZ_SECONDS (60)
#   make install    as meson says (DESTDIR=…)
#
# All paths are relative, so that the folder's own path may hold anything. INSTALL=no: install no
# packages.
INSTALL = yes
ONCE =
OFFICE365 =
FUZZ_SECONDS = 60

ifeq ($(INSTALL),yes)
need = tools/install
else
need = : without
endif

.PHONY: all run check thorough bench analyse torture fuzz install clean
.NOTPARALLEL:

# meson.build's default, debugoptimized: -O2 as Debian builds, with symbols, so that a crash in an
# office can be read. -O3 gains nothing where disk and network decide.
all:
	@$(need) build
	@test -e build/build.ninja || meson setup build
	@ninja -C build

# exec: one process less between Ctrl-C and the demo.
run:
	@$(need) build demo $(if $(OFFICE365),office365)
	@$(MAKE) --no-print-directory all INSTALL=no
	@exec tools/run-demo $(if $(ONCE),--once) $(if $(OFFICE365),--office365)

check:
	@$(need) build demo test
	@exec tools/check

thorough:
	@$(need) build demo test
	@exec tools/check --thorough

bench: all
	@$(need) demo bench
	@tests/bench/run
	@tests/bench/submit
	@exec tests/bench/page

analyse: all
	@$(need) test
	@exec tools/check-tidy build --analyse

torture:
	@$(need) build demo test
	@exec tools/check --torture

fuzz:
	@$(need) build test
	@exec tools/check --fuzz $(FUZZ_SECONDS)

install: all
	meson install -C build --no-rebuild $(if $(DESTDIR),--destdir "$(abspath $(DESTDIR))")

clean:
	rm -rf build build-check
