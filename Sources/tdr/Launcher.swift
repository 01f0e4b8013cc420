import ArgumentParser
import CShims
import Dispatch
import Glibc
import Synchronization
import TDRCore

/// Starts a command, stops it on a signal, and turns what comes of it into an exit code.
enum Launcher {
    /// How long a command may take to stop in good order. Every state on disk is safe to leave at any moment, so a
    /// command that is stuck (in a slow sync, say) is then ended without further ado.
    private static let graceMilliseconds = 1500

    static func launch(_ arguments: [String]) async {
        occupyStandardDescriptors()
        signal(SIGPIPE, SIG_IGN)
        // libmagic quotes what it finds in a file by the locale: the same everywhere, and é is a letter.
        _ = tdr_set_ctype("C.UTF-8")
        raiseDescriptorLimit()
        var parsed: any ParsableCommand
        do {
            parsed = try TDR.parseAsRoot(arguments)
        } catch {
            TDR.exit(withError: error)
        }
        guard let command = parsed as? any TDRCommand else {
            do {
                try parsed.run()
                exit(0)
            } catch {
                TDR.exit(withError: error)
            }
        }
        let context: CommandContext
        do {
            context = try CommandContext(command.common, endsUnread: type(of: command).onlyLists)
        } catch {
            Messages(quiet: false, json: command.common.json).error("\(error)", code: 1)
            exit(1)
        }
        let watched = type(of: command).stopsByItself ? [] : [SIGINT, SIGTERM]
        let work = Task { () -> Int32 in
            let started = context.clock()
            let code: Int32
            do {
                code = try await command.run(in: context).rawValue
            } catch {
                code = context.report(error)
            }
            if command.changesState {
                context.output.flush()
                await context.sendNotices(since: started)
            }
            return code
        }
        let received = Atomic<Int32>(0)
        let sources = watched.map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                let first = received.exchange(number, ordering: .relaxed) == 0
                if !first { _exit(128 + number) }
                work.cancel()
                DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(graceMilliseconds)) {
                    _exit(128 + number)
                }
            }
            source.resume()
            return source
        }
        let code = await work.value
        withExtendedLifetime(sources) {}
        let number = received.load(ordering: .relaxed)
        context.close()
        exit(number != 0 && code != 0 ? 128 + number : code)
    }

    /// A descriptor 0, 1 or 2 that was closed would be given to the next file we open, and messages would be written
    /// into it. What is put there instead takes no writing, so that an answer that is lost is still an error.
    private static func occupyStandardDescriptors() {
        for descriptor in [0, 1, 2] as [Int32] where fcntl(descriptor, F_GETFD) < 0 && errno == EBADF {
            _ = open("/dev/null", descriptor == 0 ? O_WRONLY : O_RDONLY)
        }
    }

    /// Workers, the database and deep folders need more descriptors than the usual soft limit.
    private static func raiseDescriptorLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = min(limit.rlim_max, 65_536)
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
