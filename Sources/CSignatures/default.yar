/*
  What must not enter an archive unnoticed: few rules, each with a reason. Written for tdr; MIT licence like the rest.
  `filename` and `extension` (lower case, without the dot) come from the scan.
*/

rule EICAR_Test_File
{
    meta:
        description = "the harmless file that tests antivirus engines"
        why = "shows that the engine works; a real record never holds it"
    strings:
        $a = "X5O!P%@AP[4\\PZX54(P^)7CC)7}$" ascii
        $b = "EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*" ascii
    condition:
        all of them
}

rule Executable_Posing_As_Document
{
    meta:
        description = "a program with the name of a document, an image or a text"
        why = "nobody gives a program such a name by mistake"
    condition:
        filesize > 64 and
        (
            (uint16(0) == 0x5A4D and uint32(0x3C) < filesize - 4 and
                (uint32(uint32(0x3C)) == 0x00004550 or uint16(uint32(0x3C)) == 0x454E)) or
            uint32(0) == 0x464C457F or
            uint32(0) == 0xFEEDFACE or uint32(0) == 0xFEEDFACF or
            uint32(0) == 0xCEFAEDFE or uint32(0) == 0xCFFAEDFE
        ) and
        extension matches /^(docx?|docm|dotx?|xlsx?|xlsm|pptx?|pdf|rtf|odt|ods|odp|txt|csv|md|log|html?|xml|json|jpe?g|png|gif|tiff?|bmp|svg|webp|mp3|mp4|wav|avi|mov|mkv|eml|msg)$/
}

rule Program_With_Two_Extensions
{
    meta:
        description = "a name like report.pdf.exe"
        why = "where the last extension is hidden, the name says document"
    condition:
        filename matches /\.(docx?|xlsx?|pptx?|pdf|rtf|odt|ods|odp|txt|csv|jpe?g|png|gif|tiff?|mp3|mp4)[ _.]*\.(exe|scr|com|pif|bat|cmd|vbs|vbe|js|jse|wsf|hta|ps1|lnk|msi|jar)$/i
}

rule Office_Macro_That_Runs_By_Itself
{
    meta:
        description = "an OLE2 document with a macro that runs when it is opened and that starts programs or fetches files"
        why = "a record that acts when it is read is none; the two together are rare in honest macros"
    strings:
        $project = "_VBA_PROJECT" wide
        $auto1 = "AutoOpen" nocase ascii wide
        $auto2 = "Auto_Open" nocase ascii wide
        $auto3 = "Document_Open" nocase ascii wide
        $auto4 = "Workbook_Open" nocase ascii wide
        $auto5 = "AutoExec" nocase ascii wide
        $act1 = "WScript.Shell" nocase ascii wide
        $act2 = "URLDownloadToFile" nocase ascii wide
        $act3 = "powershell" nocase ascii wide
        $act4 = "MSXML2.XMLHTTP" nocase ascii wide
        $act5 = "ADODB.Stream" nocase ascii wide
        $act6 = "Shell.Application" nocase ascii wide
        $act7 = "cmd.exe" nocase ascii wide
    condition:
        uint32(0) == 0xE011CFD0 and uint32(4) == 0xE11AB1A1 and $project and any of ($auto*) and any of ($act*)
}

rule Macro_In_Macro_Free_Document
{
    meta:
        description = "a docx, xlsx or pptx that carries a VBA project"
        why = "these extensions promise that there is no macro; programs that obey it do not write such files"
    strings:
        $project = /(word|xl|ppt)\/vbaProject\.bin/ ascii
    condition:
        uint32(0) == 0x04034B50 and $project and extension matches /^(docx|xlsx|pptx|dotx|xltx|potx)$/
}

rule Encoded_Shell_Command
{
    meta:
        description = "a script that gives PowerShell an encoded command"
        why = "the way droppers hide what they do"
    strings:
        $a = /powershell(\.exe)?["']?( +-[a-z]+( +[a-z0-9]+)?){0,8} +-e(nc|ncodedcommand)? +["']?[A-Za-z0-9+\/=]{64}/ nocase ascii wide
    condition:
        $a
}

rule Script_That_Fetches_And_Runs
{
    meta:
        description = "a script that fetches a file, writes it and runs it"
        why = "a dropper in the plain"
    strings:
        $run1 = "WScript.Shell" nocase ascii wide
        $run2 = "Shell.Application" nocase ascii wide
        $get1 = "MSXML2.XMLHTTP" nocase ascii wide
        $get2 = "WinHttp.WinHttpRequest" nocase ascii wide
        $get3 = "URLDownloadToFile" nocase ascii wide
        $put1 = "ADODB.Stream" nocase ascii wide
        $put2 = "SaveToFile" nocase ascii wide
    condition:
        filesize < 1MB and any of ($run*) and any of ($get*) and any of ($put*) and uint32(0) != 0x464C457F and
        uint16(0) != 0x5A4D
}

rule Shortcut_That_Runs_A_Shell
{
    meta:
        description = "a Windows shortcut that starts a shell or a script host"
        why = "a shortcut is never a record, and this one is a trap"
    strings:
        $a = "powershell" nocase ascii wide
        $b = "cmd.exe" nocase ascii wide
        $c = "mshta" nocase ascii wide
        $d = "wscript" nocase ascii wide
    condition:
        uint32(0) == 0x0000004C and uint32(4) == 0x00021401 and any of them
}

rule PDF_That_Launches_A_Program
{
    meta:
        description = "a PDF with an action that starts a program"
        why = "no document needs /Launch to be read"
    strings:
        $action = /\/S\s*\/Launch\b/
        $program = /\/(F|Win)\s*(\(|<<)[^>]{0,256}(cmd|powershell|mshta|wscript|cscript|\.exe|\.bat|\.vbs)/ nocase
    condition:
        uint32(0) == 0x46445025 and $action and $program
}
