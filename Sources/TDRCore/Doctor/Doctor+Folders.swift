import Glibc
import Streams

extension Doctor {
    /// From here on a disk has little room, and too little, bytes.
    private static let littleRoom: Int64 = 1_000_000_000
    private static let tooLittleRoom: Int64 = 64_000_000
    /// Entries that a file system should be able to take still.
    private static let littleEntries: UInt64 = 10_000
    /// How far the time of a file system may be from that of this machine, milliseconds.
    private static let clockSlack: Int64 = 60_000

    /// A folder that must take files: whether it is there, takes them, has room, and the right time.
    func folderLines(_ area: String, _ folder: BytePath, mend: String) -> [DoctorLine] {
        do throws(SystemFault) {
            guard try FileStatus.following(folder).kind == .directory else {
                return [DoctorLine(area, .wrong, "'\(folder.display)' is no folder", mend: mend)]
            }
        } catch {
            let level: DoctorLine.Level = error.code == ENOENT || error.code == ENOTDIR ? .wrong : .unknown
            return [DoctorLine(area, level, "'\(folder.display)' cannot be looked at: \(error.reason)", mend: mend)]
        }
        var lines: [DoctorLine] = []
        do throws(SystemFault) {
            let (before, written, after) = try Doctor.probe(folder)
            lines.append(roomLine(area, folder, mend))
            // The system's own clock, not one that was fixed for a test.
            if written < before - Doctor.clockSlack || written > after + Doctor.clockSlack {
                lines.append(
                    DoctorLine(
                        area, .warning,
                        "the file system of '\(folder.display)' says \(Timestamp(milliseconds: written)) when it is"
                            + " \(Timestamp(milliseconds: after)) here",
                        mend: "set the clock of the machine that serves it"))
            }
        } catch {
            let isFull = error.code == ENOSPC || error.code == EDQUOT
            lines.append(
                DoctorLine(
                    area, .wrong,
                    isFull
                        ? "'\(folder.display)' is full" : "'\(folder.display)' takes no file: \(error.reason)",
                    mend: isFull ? "free some space on the disk of \(Doctor.quoted(folder)), or \(mend)" : mend))
        }
        return lines
    }

    private func roomLine(_ area: String, _ folder: BytePath, _ mend: String) -> DoctorLine {
        var status = statvfs()
        guard folder.withCString({ statvfs($0, &status) }) == 0 else {
            return DoctorLine(
                area, .unknown, "the room in '\(folder.display)' cannot be told: \(String(cString: strerror(errno)))",
                mend: "df \(Doctor.quoted(folder)) may say more")
        }
        let (free, overflows) = Int64(clamping: status.f_bavail).multipliedReportingOverflow(
            by: Int64(clamping: status.f_frsize))
        let room = overflows ? Int64.max : free
        let found = "'\(folder.display)' takes files and has \(Doctor.size(room)) free"
        let space = "free some space on its disk, or \(mend)"
        // File systems without a limit say 0 of 0.
        if status.f_files > 0, UInt64(status.f_favail) < Doctor.littleEntries {
            return DoctorLine(area, .warning, "\(found), but room for only \(status.f_favail) more files", mend: space)
        }
        if room < Doctor.tooLittleRoom { return DoctorLine(area, .wrong, found, mend: space) }
        return room < Doctor.littleRoom
            ? DoctorLine(area, .warning, found, mend: space) : DoctorLine(area, .ok, found)
    }

    /// Writes a small file, durably, and takes it away: the system's time before, the file's, the system's after; in
    /// milliseconds.
    private static func probe(_ folder: BytePath) throws(SystemFault) -> (Int64, Int64, Int64) {
        var template = folder.appending(".tdr-doctor-XXXXXX").bytes.map { CChar(bitPattern: $0) } + [0]
        let before = systemTime()
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else { throw SystemFault("make a file in", folder) }
        let path = BytePath(template.dropLast().map { UInt8(bitPattern: $0) })
        let file = OpenFile(adopting: descriptor, path: path)
        _ = path.withCString { unlink($0) }
        try file.write([UInt8](repeating: 0x74, count: 4096))
        try file.sync()
        return (before, Timestamp(nanoseconds: try file.status().modified).milliseconds, systemTime())
    }

    private static func systemTime() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    // MARK: The target of exports

    func targetLines(_ target: BytePath) -> [DoctorLine] {
        var lines = folderLines(
            "target", target, mend: "make the folder and let \(Doctor.user) write to it, or name another with --target")
        guard let listing = try? DirectoryListing(of: OpenFile.directory(target)) else {
            // Said above already where it is not there.
            if lines.allSatisfy({ $0.level == .ok }) {
                lines.append(
                    DoctorLine(
                        "target", .unknown, "'\(target.display)' cannot be listed",
                        mend: "let \(Doctor.user) read it"))
            }
            return lines
        }
        for index in 0..<listing.count {
            let name = listing[index]
            guard name.first == UInt8(ascii: "."), name.suffix(Doctor.partial.count).elementsEqual(Doctor.partial),
                !Doctor.isBeingWritten(name, in: target)
            else { continue }
            let path = target.appending(name)
            lines.append(
                DoctorLine(
                    "target", .warning, "'\(path.display)' is left of an export that was cut off",
                    mend: "give the same tdr export again, or rm -r \(Doctor.quoted(path))"))
        }
        return lines
    }

    private static let partial = Array(".tdr-partial".utf8)

    /// Whether an export is at work there: an archive's file is locked itself, a folder has a lock beside it.
    private static func isBeingWritten(_ name: [UInt8], in target: BytePath) -> Bool {
        let lock = name.dropLast(partial.count) + Array(".tdr-lock".utf8)
        return isHeld(target.appending(name)) || isHeld(target.appending(Array(lock)))
    }

    static var user: String { getpwuid(geteuid()).map { String(cString: $0.pointee.pw_name) } ?? "uid \(geteuid())" }

    /// Whether a process holds the lock in this file.
    static func isHeld(_ lock: BytePath) -> Bool {
        // No lock file, or none that we may open: nobody we could wait for.
        guard let file = try? OpenFile.open(lock, flags: O_RDONLY | O_CLOEXEC) else { return false }
        return (try? file.tryLock()) == false  // an unlockable file is nobody's
    }
}
