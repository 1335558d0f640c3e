export function sizes(): { name: string; size: number; limit: number }[];
