import Foundation
import Testing

/// What the documentation says about commands is true.
@Suite struct DocumentationTests {
    private static let pages = ["README.md", "docs/design.md", "docs/performance.md", "CONTRIBUTING.md"]

    @Test("commands and options shown in the documentation exist", arguments: pages)
    func commandsExist(page: String) throws {
        let commands = try Dictionary(uniqueKeysWithValues: Clone.commands().map { ($0.name, $0.options) })
        for line in try Self.shellLines(of: page) {
            let words = line.split(separator: " ").map(String.init)
            guard let place = words.firstIndex(of: "tdr"), words.count > place + 1 else { continue }
            let command = words[place + 1]
            if command.hasPrefix("-") { continue }
            let options = try #require(commands[command], "\(page) shows `tdr \(command)`: there is no such command")
            for word in words[(place + 2)...].prefix(while: { $0 != "|" && $0 != ">" }) where word.hasPrefix("--") {
                let option = word.split(separator: "=").first.map(String.init) ?? word
                #expect(options.contains(option), "\(page) shows `\(line)`: there is no \(option)")
            }
        }
    }

    @Test("what the units of contrib/ start exists, and a timer, a path or the machine starts each of them")
    func unitsAreTrue() throws {
        let commands = try Dictionary(uniqueKeysWithValues: Clone.commands().map { ($0.name, $0.options) })
        let names = try FileManager.default.contentsOfDirectory(atPath: Clone.root.path + "/contrib")
        let services = names.filter { $0.hasSuffix(".service") }
        #expect(services.count >= 3)
        for name in services {
            let lines = try Clone.text("contrib/\(name)").split(separator: "\n")
            let start = try #require(lines.first { $0.hasPrefix("ExecStart=") }, "\(name) starts nothing")
            let words = start.split(separator: " ").map(String.init)
            #expect(words[0] == "ExecStart=/usr/local/bin/tdr")
            let options = try #require(commands[words[1]], "\(name) starts `tdr \(words[1])`: there is no such command")
            for word in words where word.hasPrefix("--") {
                #expect(options.contains(word), "\(name): there is no \(word)")
            }
            let unit = name.dropLast(".service".count)
            // One that runs for ever is started with the machine.
            let startsItself = lines.contains("[Install]")
            #expect(
                startsItself || names.contains("\(unit).timer") || names.contains("\(unit).path"),
                "nothing starts \(name)")
        }
    }

    @Test("make targets shown in the documentation exist", arguments: pages)
    func targetsExist(page: String) throws {
        let makefile = try Clone.text("Makefile").split(separator: "\n")
        let targets = Set(
            makefile.filter { $0.contains(":") && $0.first?.isLetter ?? false }.flatMap { line in
                line.prefix { $0 != ":" }.split(separator: " ").map(String.init)
            })
        for line in try Self.shellLines(of: page) where line.hasPrefix("make ") || line.hasPrefix("sudo make ") {
            for word in line.split(separator: "#")[0].split(separator: " ").map(String.init)
            where word != "make" && word != "sudo" && !word.contains("=") {
                #expect(targets.contains(word), "\(page) shows `make \(word)`: there is no such target")
            }
        }
    }

    @Test("the exit codes of the README are those of the help")
    func exitCodesAgree() throws {
        let help = String(decoding: try Clone.run(Clone.tdr.path, ["--help"]), as: UTF8.self)
        for code in ["0", "1", "2", "64", "75", "130", "143"] {
            #expect(help.contains(" \(code)"))
            #expect(try Clone.text("README.md").contains("`\(code)`"))
        }
    }

    /// The lines of a page's code blocks that are commands: after `$ ` in a transcript, or all of a `sh` block.
    private static func shellLines(of page: String) throws -> [String] {
        var lines: [String] = []
        var fence: Substring?
        for line in try Clone.text(page).split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("```") {
                fence = fence == nil ? line.dropFirst(3) : nil
            } else if fence == "sh" {
                lines.append(String(line))
            } else if fence != nil, line.hasPrefix("$ ") {
                lines.append(String(line.dropFirst(2)))
            }
        }
        return lines
    }
}
