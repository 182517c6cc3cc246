/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A boot sector that reads the sector at LAST_LBA of its own disk by the BIOS, prints it on the
 * first serial port, and stops the machine. */
	.code16
	.globl _start
_start:
	cli
	xorw %ax, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	movw $0x7c00, %sp
	sti
	movb %dl, drive
	movw $started, %si
	call print
	movw $packet, %si
	movb drive, %dl
	movb $0x42, %ah			/* extended read */
	int $0x13
	jc failed
	movw $0x8000, %si
	call print
	jmp done
failed:
	movw $error, %si
	call print
done:
	movw $0x604, %dx		/* QEMU's power button (i440fx: PM1a) */
	movw $0x2000, %ax
	outw %ax, %dx
1:	hlt
	jmp 1b

print:					/* the text at SI, until a zero */
	lodsb
	testb %al, %al
	jz 3f
	movw $0x3fd, %dx
	movb %al, %bl
2:	inb %dx, %al
	testb $0x20, %al
	jz 2b
	movb %bl, %al
	movw $0x3f8, %dx
	outb %al, %dx
	jmp print
3:	ret

packet:
	.byte 16, 0
	.word 1				/* sectors */
	.word 0x8000, 0			/* to 0000:8000 */
	.quad LAST_LBA
drive:
	.byte 0
started:
	.asciz "boot sector\r\n"
error:
	.asciz "read failed\r\n"
	.org 510
	.word 0xaa55
