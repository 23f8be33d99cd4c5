import { Upload } from "@/components/upload";

export default function Page() {
  return <Upload label="Upload audio" />;
}
